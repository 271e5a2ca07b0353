/** A job that an object asks for, as it would stand in a prometheus.yml, with the way back from its parts to the object's. */
import type { ConfigPath } from '@vigie/core/config/problem';
import { type Fields, isGiven, type KeyNames } from '@vigie/kube/custom-objects/fields';

export interface WrittenJob {
  /** An entry of `scrape_configs`. */
  readonly job: Fields & { readonly job_name: string };
  readonly origin: JobOrigin;
}

export interface JobOrigin {
  /** Of what the job is made of: `spec.endpoints[0]`. */
  readonly path: string;
  /** Paths of keys that do not stand below it under their own name, in camel case. */
  readonly keys: Readonly<Record<string, string>>;
  /** How many rules of relabeling come before the object's own. */
  readonly generatedRules: number;
}

/** What an object comes to. */
export type ObjectJobs =
  | { readonly status: 'jobs'; readonly jobs: readonly WrittenJob[]; readonly warnings: readonly string[] }
  /** Each with its path: `spec.endpoints[0].port: expected …`. */
  | { readonly status: 'refused'; readonly problems: readonly string[] };

/** The same names with the path that they stand at. */
export function pathsOf(path: string, names: KeyNames): KeyNames {
  return Object.fromEntries(Object.entries(names).map(([written, own]) => [written, `${path}.${own}`]));
}

/** Fields of an object that nothing is made of: newer than us, or of no use here. */
export function leftOver(fields: Fields, path: string, known: readonly string[]): readonly string[] {
  return Object.keys(fields)
    .filter((key) => isGiven(fields[key]) && !known.includes(key))
    .map((key) => `${path}.${key}: not supported, has no effect`);
}

/** Where in the object a part of the job comes from.
 *  @param path from the job's own keys on */
export function originOf({ path, keys, generatedRules }: JobOrigin, [key, ...rest]: ConfigPath): string {
  if (key === undefined) return path;
  const at = keys[String(key)] ?? `${path}.${camelCase(String(key))}`;
  const [index, ...inner] = rest;
  if (key !== 'relabel_configs' || typeof index !== 'number') return `${at}${textOf(rest)}`;
  return index < generatedRules ? path : `${at}${textOf([index - generatedRules, ...inner])}`;
}

function textOf(path: ConfigPath): string {
  return path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${camelCase(part)}`)).join('');
}

function camelCase(key: string): string {
  return key.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}
