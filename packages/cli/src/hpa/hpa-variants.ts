/** The HPA of a file, and what becomes of it with changes: each a curve of its own. */

import { hpaSchema } from '@vigie/collector/hpa/hpa-object';
import type { HpaSpec } from '@vigie/collector/hpa/hpa-spec';
import { parseConfig } from '@vigie/core/config/load';
import { VigieError } from '@vigie/core/errors';
import * as v from 'valibot';

export interface HpaVariant {
  /** The file, or the changes. */
  readonly name: string;
  readonly hpa: HpaSpec;
}

/** @param changes each `spec.maxReplicas=20,spec.metrics[0].resource.target.averageUtilization=60`
 *  @throws {ConfigError | VigieError} CONFIG_INVALID */
export function hpaVariants(text: string, file: string, changes: readonly string[]): readonly HpaVariant[] {
  const { value: hpa } = parseConfig(text, file, hpaSchema, {});
  const changed = changes.map((change): HpaVariant => {
    const { value } = parseConfig(text, file, v.record(v.string(), v.unknown()), {});
    for (const part of change.split(',')) setAt(value, part);
    const decoded = v.safeParse(hpaSchema, value);
    if (decoded.success) return { name: change, hpa: decoded.output };
    const [issue] = decoded.issues;
    throw invalid(`--set ${change}: ${v.getDotPath(issue) ?? ''}: ${issue.message}`);
  });
  return [{ name: file, hpa }, ...changed];
}

/** Makes the mappings on the way where there are none. A value is JSON, or else text. */
function setAt(root: Record<string, unknown>, change: string): void {
  const [, path = '', text = ''] = /^\s*([^=\s]+)=(.*)$/.exec(change) ?? [];
  const keys = path.split(/[.[\]]+/).filter((key) => key !== '');
  const last = keys.pop();
  if (last === undefined) throw invalid(`--set: expected PATH=VALUE such as spec.maxReplicas=20, got ${change}`);
  let at: object = root;
  for (const key of keys) {
    const next: unknown = Reflect.get(at, key);
    if (typeof next === 'object' && next !== null) at = next;
    else if (next === undefined && !Array.isArray(at)) {
      const made = {};
      Reflect.set(at, key, made);
      at = made;
    } else throw invalid(`--set ${change}: there is no ${key} in it`);
  }
  Reflect.set(at, last, jsonOrText(text));
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function invalid(message: string): VigieError {
  return new VigieError('CONFIG_INVALID', message);
}
