/** The one way from a configuration file to a typed value: strict, and every problem reported at once. */
import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { VigieError } from '../errors.ts';
import { type ConfigDocument, parseConfigDocument } from './document.ts';
import type { ValueReading } from './environment.ts';
import { expectedOf } from './expected.ts';
import { ConfigError, type ConfigPath, type ConfigProblem } from './problem.ts';

export type ConfigSchema<T> = v.GenericSchema<unknown, T>;

export interface LoadedConfig<T> {
  readonly value: T;
  /** For checks between values that a schema cannot make: where the value stands, and what it is. */
  problemAt(path: ConfigPath, expected: string): ConfigProblem;
  /** The same of the key that ends the path. */
  problemAtKey(path: ConfigPath, expected: string): ConfigProblem;
}

/** A configuration that has been read: a file, or a section of one that holds several. */
export interface ConfigText {
  readonly text: string;
  /** Named in problems; relative paths begin at its folder. */
  readonly file: string;
  /** Where the configuration stands in the text; [] where it is the whole. */
  readonly root: ConfigPath;
}

/** Reads and decodes a YAML (or JSON) file.
 *  @throws {ConfigError} with every problem in it
 *  @throws {VigieError} CONFIG_UNREADABLE when the file cannot be read */
export async function loadConfig<T>(
  file: string,
  schema: ConfigSchema<T>,
  reading: ValueReading,
): Promise<LoadedConfig<T>> {
  const { text, root } = await readConfigFile(file);
  return parseConfig(text, file, schema, reading, root);
}

/** @throws {VigieError} CONFIG_UNREADABLE when the file cannot be read */
export async function readConfigFile(file: string): Promise<ConfigText> {
  try {
    return { text: await readFile(file, 'utf8'), file, root: [] };
  } catch (error) {
    throw new VigieError('CONFIG_UNREADABLE', `cannot read the configuration file ${file}`, { cause: error });
  }
}

/** As loadConfig, of text already read; `file` is only named in problems.
 *  @param root what lies below it is decoded, and paths begin there; problems name the whole path
 *  @throws {ConfigError} */
export function parseConfig<T>(
  text: string,
  file: string,
  schema: ConfigSchema<T>,
  reading: ValueReading,
  root: ConfigPath = [],
): LoadedConfig<T> {
  const document = parseConfigDocument(text, file, reading, root);
  // Of a document with broken syntax nothing else that is true can be said.
  if (document.value === undefined) throw new ConfigError(document.problems);
  const { output, problems: found } = decode(document, schema);
  // What is wrong with a value whose variable is not set is that.
  const problems = found.filter((problem) => !document.problems.some((unset) => isSamePlace(problem, unset)));
  if (output === undefined || document.problems.length > 0) throw new ConfigError([...document.problems, ...problems]);
  return { value: output.value, problemAt: document.problemAt, problemAtKey: document.problemAtKey };
}

function isSamePlace(a: ConfigProblem, b: ConfigProblem): boolean {
  return a.line === b.line && a.column === b.column;
}

interface Decoded<T> {
  readonly output?: { readonly value: T };
  readonly problems: readonly ConfigProblem[];
}

/** An empty file is an empty mapping. */
function decode<T>(document: ConfigDocument, schema: ConfigSchema<T>): Decoded<T> {
  const input = document.value ?? {};
  const unknownKeys: ConfigProblem[] = [];
  // valibot names one unknown key per mapping and run, and never more: each is reported, taken out, and the rest
  // decoded again, as long as that takes out any.
  for (;;) {
    const result = v.safeParse(schema, input, { message: expectedOf });
    const issues = result.success ? [] : result.issues.flatMap((issue) => leaves(issue, []));
    const unknown = issues.filter(({ issue }) => isUnknownKey(issue));
    unknownKeys.push(...unknown.map(({ issue, path }) => document.problemAtKey(path, issue.message)));
    if (unknown.filter(({ path }) => removeKey(input, path)).length > 0) continue;
    const known = issues.filter(({ issue }) => !isUnknownKey(issue));
    const problems = known.map(({ issue, path }) =>
      issue.type === 'never' ? document.problemAtKey(path, issue.message) : document.problemAt(path, issue.message),
    );
    if (!result.success || unknownKeys.length > 0) return { problems: [...unknownKeys, ...problems] };
    return { output: { value: result.output }, problems: [] };
  }
}

interface LocatedIssue {
  readonly issue: v.BaseIssue<unknown>;
  readonly path: ConfigPath;
}

/** The issues that say most: of a union, those of the member that the value was meant to be, as far as that shows. */
function leaves(issue: v.BaseIssue<unknown>, parentPath: ConfigPath): readonly LocatedIssue[] {
  const path = [...parentPath, ...(issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)))];
  const beyondType = issue.issues?.filter((inner) => inner.kind !== 'schema' || inner.path !== undefined) ?? [];
  return beyondType.length > 0 ? beyondType.flatMap((inner) => leaves(inner, path)) : [{ issue, path }];
}

function isUnknownKey(issue: v.BaseIssue<unknown>): boolean {
  return issue.type === 'strict_object' && issue.expected === 'never';
}

/** @returns whether it was there: through an alias, the same mapping may have lost it at another path already */
function removeKey(input: unknown, path: ConfigPath): boolean {
  let parent = input;
  for (const part of path.slice(0, -1)) parent = isIndexable(parent) ? parent[part] : undefined;
  const key = path.at(-1) ?? '';
  return isIndexable(parent) && key in parent && delete parent[key];
}

function isIndexable(value: unknown): value is Record<string | number, unknown> {
  return typeof value === 'object' && value !== null;
}
