/** Lists of target groups as file and HTTP discovery have them: `[{targets: [...], labels: {...}}]`. Source: Prometheus,
 *  discovery/targetgroup. */
import { AS_WRITTEN } from '@vigie/core/config/environment';
import { named, section } from '@vigie/core/config/fields';
import { parseConfig } from '@vigie/core/config/load';
import { VigieError } from '@vigie/core/errors';
import * as v from 'valibot';
import type { StaticGroup } from './discovery-config.ts';

const targets = v.nullish(v.array(v.string()), []);
const labels = v.nullish(named(v.string()), {});

/** Strict, as Prometheus reads YAML. */
const yamlGroups = v.array(section({ targets, labels }));
/** Keys that are not known are left alone, as Prometheus reads JSON. */
const jsonGroups = v.array(v.object({ targets, labels }));

/** @param file named in what is thrown
 *  @throws {ConfigError} */
export function parseYamlGroups(text: string, file: string): readonly StaticGroup[] {
  // An empty file is an empty list.
  return /^\s*(?:#.*\s*)*$/.test(text) ? [] : parseConfig(text, file, yamlGroups, AS_WRITTEN).value;
}

/** @param origin named in what is thrown
 *  @throws {VigieError} DISCOVERY_INVALID */
export function parseJsonGroups(text: string, origin: string): readonly StaticGroup[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new VigieError('DISCOVERY_INVALID', `${origin}: no JSON`, { cause: error });
  }
  const decoded = v.safeParse(jsonGroups, parsed);
  if (decoded.success) return decoded.output;
  const [issue] = decoded.issues;
  throw new VigieError(
    'DISCOVERY_INVALID',
    `${origin}: no list of target groups: ${v.getDotPath(issue) ?? ''} ${issue.message}`,
  );
}
