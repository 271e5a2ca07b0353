/** Matches whole texts against a rule's regex. What most rules are made of, anything and lists of words, needs no automaton. */
import type { Regex } from '@vigie/core/regex';
import { writtenRegex } from './relabel-regex.ts';

/** The parts of a text that the groups of a match took. */
export type Groups = (group: number) => string;

export interface WholeMatcher {
  readonly groupNames: readonly (string | undefined)[];
  test(text: string): boolean;
  /** @returns undefined where it does not match; else valid until the next call */
  match(text: string): Groups | undefined;
}

/** Characters that mean themselves. */
const WORD = /^[A-Za-z0-9_:/ -]*$/;

export function wholeMatcher(regex: Regex): WholeMatcher {
  const source = writtenRegex(regex);
  if (source === '(.*)' || source === '.*') {
    const groups = source === '(.*)' ? 2 : 1;
    return {
      groupNames: regex.groupNames,
      test: () => true,
      match: (text) => (group) => (group < groups ? text : ''),
    };
  }
  const words = source.split('|');
  if (words.every((word) => WORD.test(word))) {
    const set = new Set(words);
    return {
      groupNames: regex.groupNames,
      test: (text) => set.has(text),
      match: (text) => (set.has(text) ? (group) => (group === 0 ? text : '') : undefined),
    };
  }
  return byBytes(regex);
}

/** Grown to the longest text; texts of labels are short. */
let scratch = Buffer.allocUnsafe(4096);

/** UTF-8 takes at most 3 bytes of a UTF-16 unit. */
function encode(text: string): number {
  if (scratch.length < text.length * 3) scratch = Buffer.allocUnsafe(text.length * 6);
  return scratch.write(text, 'utf8');
}

function byBytes(regex: Regex): WholeMatcher {
  const { groupNames } = regex;
  const spans = new Int32Array(2 * groupNames.length);
  return {
    groupNames,
    test: (text) => regex.testBytes(scratch, 0, encode(text)),
    match(text) {
      const length = encode(text);
      if (!regex.execBytes(scratch, 0, length, spans)) return undefined;
      const isAscii = length === text.length;
      return (group) => {
        const start = spans[2 * group] ?? -1;
        const end = spans[2 * group + 1] ?? -1;
        if (start < 0) return '';
        return isAscii ? text.slice(start, end) : scratch.toString('utf8', start, end);
      };
    },
  };
}
