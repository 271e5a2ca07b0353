/** Regular expressions of users: RE2's syntax, matched in time linear in the text whatever the pattern is. */
import { RE2JS, RE2JSException, RE2JSSyntaxException } from 're2js';
import { VigieError } from '../errors.ts';

export interface Regex {
  readonly source: string;
  /** By number; 0 is the whole match, undefined a group without a name. */
  readonly groupNames: readonly (string | undefined)[];
  /** Whether it matches anywhere in the text. */
  test(text: string): boolean;
  /** The same over UTF-8, without decoding it. An ill-formed byte counts as U+FFFD. */
  testBytes(bytes: Buffer, start: number, end: number): boolean;
  /** The leftmost match, and of those at the same place the one that a backtracking matcher would find first.
   *  @param spans takes start and end of each group as positions in `bytes`, -1 for a group that took no part:
   *  2 * groupNames.length numbers; written only when there is a match */
  execBytes(bytes: Buffer, start: number, end: number, spans: Int32Array): boolean;
}

/** `code` is REGEX_INVALID. */
export class RegexError extends VigieError {
  readonly source: string;
  /** Where in the source (UTF-16 units) the offending part begins; its length where the end is missing. */
  readonly position: number;

  constructor(source: string, reason: string, position: number) {
    super('REGEX_INVALID', `regular expression '${source}': ${reason} at position ${position}`);
    this.source = source;
    this.position = position;
  }
}

/** @throws {RegexError} when the source is not RE2 syntax; look-around and back references are not part of it */
export function compileRegex(source: string): Regex {
  const compiled = parse(source);
  const re2 = compiled.re2();
  const groupNames: (string | undefined)[] = Array.from({ length: compiled.groupCount() + 1 }, () => undefined);
  for (const [name, group] of Object.entries(compiled.namedGroups())) groupNames[group] = name;
  return {
    source,
    groupNames,
    test: (text) => compiled.test(text),
    testBytes: (bytes, start, end) => re2.matchUTF8(bytes.subarray(start, end)),
    execBytes(bytes, start, end, spans) {
      const found: readonly number[] | null = re2.findUTF8SubmatchIndex(bytes.subarray(start, end));
      if (found === null) return false;
      for (let index = 0; index < spans.length; index++) {
        const position = found[index] ?? -1;
        spans[index] = position < 0 ? -1 : position + start;
      }
      return true;
    },
  };
}

function parse(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    if (!(error instanceof RE2JSSyntaxException)) throw new RegexError(source, error.message, 0);
    const position = error.input === null ? source.length : Math.max(0, source.indexOf(error.input));
    throw new RegexError(source, error.error, position);
  }
}
