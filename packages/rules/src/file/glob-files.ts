/** Files by a pattern of Go's filepath.Match, which Prometheus' `rule_files` are: `*`, `?` and `[a-z]` within a segment, `\` before what
 *  means itself. */
import { readdir, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { escapeRegex } from '@vigie/core/regex/escape-regex';

/** @returns what there is, sorted; a pattern without anything special in it leads to itself, if that is there
 *  Cost: one listing per folder that the pattern leads to. */
export async function globFiles(pattern: string, folder: string): Promise<readonly string[]> {
  const segments = pattern.split('/').filter((segment) => segment !== '' && segment !== '.');
  let found = [isAbsolute(pattern) ? '/' : folder];
  for (const segment of segments) {
    const matches = await Promise.all(found.map((parent) => childrenOf(parent, segment)));
    found = matches.flat();
  }
  return found.sort();
}

export interface FoundFiles {
  /** In the order of the patterns. */
  readonly files: readonly string[];
  /** Patterns that lead to none, absolute. */
  readonly unmatched: readonly string[];
}

/** Those of several patterns.
 *  @param folder of patterns that are not absolute */
export async function findFiles(patterns: readonly string[], folder = '/'): Promise<FoundFiles> {
  const found = await Promise.all(patterns.map((pattern) => globFiles(pattern, folder)));
  const unmatched = patterns.filter((_, index) => found[index]?.length === 0);
  return {
    files: found.flat(),
    unmatched: unmatched.map((pattern) => (isAbsolute(pattern) ? pattern : join(folder, pattern))),
  };
}

async function childrenOf(parent: string, segment: string): Promise<string[]> {
  if (!/[*?[\\]/.test(segment)) {
    const path = join(parent, segment);
    return (await isThere(path)) ? [path] : [];
  }
  const regex = segmentRegex(segment);
  if (regex === undefined) return [];
  const names = await readdir(parent).catch((): string[] => []);
  return names.filter((name) => regex.test(name)).map((name) => join(parent, name));
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

const TOKEN = /\*+|\?|\[(\^?)((?:\\.|[^\]\\])+)\]|\\(.)|([\s\S])/gu;

/** @returns undefined where brackets are not closed, or hold no ranges */
function segmentRegex(segment: string): RegExp | undefined {
  const source = segment.replace(TOKEN, (token: string, negated?: string, ranges?: string, escaped?: string) => {
    if (token.startsWith('*')) return '[^/]*';
    if (token === '?') return '[^/]';
    if (ranges !== undefined) return `[${negated}${ranges.replace(/[[&~]/g, '\\$&')}]`;
    return escapeRegex(escaped ?? token);
  });
  try {
    return new RegExp(`^${source}$`, 'u');
  } catch {
    return undefined;
  }
}
