/** What a schema wants, in the words of a person who writes configuration files. */
import type { BaseIssue } from 'valibot';

const WORDS: Readonly<Record<string, string>> = {
  Array: 'a list',
  Object: 'a mapping',
  boolean: 'true or false',
  integer: 'a whole number',
  never: 'no such key',
  number: 'a number',
  string: 'text',
};

/** Completes "expected …" for an issue whose schema has no message of its own: such a message is that phrase. */
export function expectedOf(issue: BaseIssue<unknown>): string {
  if (isMissingKey(issue)) return 'a value';
  if (issue.expected === null) return WORDS[issue.type] ?? issue.type;
  const alternatives = issue.expected
    .replaceAll(/[()]/g, '')
    .split(' | ')
    .map((alternative) => WORDS[alternative] ?? alternative);
  return [...new Set(alternatives)].join(' or ');
}

/** A mapping that lacks a key is reported by the mapping, with the key as what it expected. */
export function isMissingKey(issue: BaseIssue<unknown>): boolean {
  const last = issue.path?.at(-1);
  return (
    issue.kind === 'schema' &&
    last !== undefined &&
    'origin' in last &&
    last.origin === 'key' &&
    issue.expected !== 'never'
  );
}
