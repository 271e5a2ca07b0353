import type { Field } from './ecs-fields.ts';
import { jsonText } from './json-text.ts';

/** Fields as members of nested objects, without the braces around them: `"pod":{"name":"web-1"}`. */
export function nestedMembers(fields: readonly Field[]): string {
  const root: Tree = new Map();
  for (const [path, value] of fields) {
    let object = root;
    for (const name of path.slice(0, -1)) {
      const child = object.get(name) ?? new Map();
      if (!(child instanceof Map)) break;
      object.set(name, child);
      object = child;
    }
    object.set(path.at(-1) ?? '', value);
  }
  return membersOf(root);
}

/** Fields as members of one object, named by their paths: `"pod.name":"web-1"`. */
export function flatMembers(fields: readonly Field[]): string {
  return fields.map(([path, value]) => `${jsonText(path.join('.'))}:${valueText(value)}`).join(',');
}

type Tree = Map<string, Tree | string | number>;

function membersOf(tree: Tree): string {
  return Array.from(tree, ([name, value]) => {
    return `${jsonText(name)}:${value instanceof Map ? `{${membersOf(value)}}` : valueText(value)}`;
  }).join(',');
}

function valueText(value: string | number): string {
  return typeof value === 'number' ? String(value) : jsonText(value);
}
