import { documentPath } from '@vigie/log-pipeline/transforms/fields/container-fields';
import { type FieldValue, isFieldValue } from '@vigie/log-pipeline/transforms/fields/value';

/** A field of a document that has arrived, by the path by which transforms know it. */
export function documentValue(document: object, path: string): FieldValue {
  return valueAt(document, documentPath(path));
}

function valueAt(object: object, path: string): FieldValue {
  for (const [name, value] of Object.entries(object)) {
    if (name === path) return isFieldValue(value) ? value : undefined;
    if (!path.startsWith(`${name}.`) || typeof value !== 'object' || value === null || Array.isArray(value)) continue;
    const found = valueAt(value, path.slice(name.length + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}
