import { expect, it } from 'vitest';
import { compileExpansion } from '../../src/relabel/expansion.ts';

const names = [undefined, undefined, 'name'];
const groups = (group: number): string => ['whole', 'one', 'two'][group] ?? '';
const expanded = (template: string): string => compileExpansion(template, names)(groups);

it.each([
  ['plain', 'plain'],
  ['$1-${1}-$0', 'one-one-whole'],
  ['$name ${name}', 'two two'],
  ['$$1', '$1'],
  // The longest name counts: these are groups that are not there.
  ['$1x', ''],
  ['${01}', ''],
  ['$3', ''],
  // What begins no reference stays.
  ['$', '$'],
  ['a${', 'a${'],
  ['${}', '${}'],
  ['$-1', '$-1'],
])('expands %s as Go does', (template, text) => {
  expect(expanded(template)).toBe(text);
});
