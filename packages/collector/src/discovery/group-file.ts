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

const group = section({ targets, labels });
const yamlGroups = v.array(group);
/** Go takes a key in any case, and writes a list that nobody has made as null: it is what most servers of http_sd are written in. */
const jsonGroups = v.nullable(
  v.array(v.pipe(v.record(v.string(), v.unknown()), v.transform(withLowerKeys), group)),
  [],
);

function withLowerKeys(written: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(written).map(([key, value]) => [key.toLowerCase(), value]));
}

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
