/** Regular expressions of users: RE2's syntax, matched in time linear in the text whatever the pattern is. */
import { isUtf8 } from 'node:buffer';
import { RE2JS, RE2JSException, RE2JSSyntaxException } from 're2js';
import { VigieError } from '../errors.ts';
import { type Automaton, determinise } from './automaton.ts';
import { ASSERT_BEGIN_TEXT, byteProgramOf } from './byte-program.ts';
import { findMatch, hasMatch } from './walk.ts';
import { wellFormed } from './well-formed.ts';

export interface Regex {
  readonly source: string;
  /** By number; 0 is the whole match, undefined a group without a name. */
  readonly groupNames: readonly (string | undefined)[];
  /** Its tables, for walkers elsewhere; undefined where they would be too large. */
  readonly automaton: Automaton | undefined;
  /** Whether it matches anywhere in the text. */
  test(text: string): boolean;
  /** The same over UTF-8, without decoding it. An ill-formed byte counts as U+FFFD. */
  testBytes(bytes: Buffer, start: number, end: number): boolean;
  /** The leftmost match, and of those at the same place the one that a backtracking matcher would find first.
   *  @param spans takes start and end of each group as positions in `bytes`, -1 for a group that took no part:
   *  2 * groupNames.length numbers, meaningless where there is no match */
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

/** What is wrong with a source, in the words of Go's regexp; undefined where nothing is.
 *  Cost: some 50 µs, without tables. */
export function regexProblem(source: string): string | undefined {
  try {
    RE2JS.compile(source);
    return undefined;
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    if (!(error instanceof RE2JSSyntaxException)) return `error parsing regexp: ${error.message}`;
    return `error parsing regexp: ${error.error}: \`${error.input ?? ''}\``;
  }
}

/** @throws {RegexError} when the source is not RE2 syntax; look-around and back references are not part of it
 *  Cost: up to a few hundred ms for a pattern whose tables come near their bound (automaton.ts); one that is beyond it is
 *  matched by re2js, which builds what it needs as it goes. */
export function compileRegex(source: string): Regex {
  const known = recent.get(source);
  if (known !== undefined) return known;
  const regex = compile(source);
  const [oldest] = recent.keys();
  if (recent.size >= RECENT && oldest !== undefined) recent.delete(oldest);
  recent.set(source, regex);
  return regex;
}

/** A configuration's patterns are compiled when it is checked and then for each lane: they share their tables. */
const recent = new Map<string, Regex>();
const RECENT = 32;

function compile(source: string): Regex {
  const compiled = parse(source);
  const groupNames: (string | undefined)[] = Array.from({ length: compiled.groupCount() + 1 }, () => undefined);
  for (const [name, group] of Object.entries(compiled.namedGroups())) groupNames[group] = name;
  const automaton = automatonOf(compiled, 2 * groupNames.length);
  const byBytes = automaton === undefined ? byRe2js(compiled) : byAutomaton(automaton);
  return { source, groupNames, automaton, test: (text) => compiled.test(text), ...byBytes };
}

function automatonOf(compiled: RE2JS, slots: number): Automaton | undefined {
  const { prog } = compiled.re2();
  const anchored = (prog.startCond() & ASSERT_BEGIN_TEXT) !== 0;
  const program = byteProgramOf(prog.inst, prog.start, anchored);
  return program && determinise(program, slots);
}

type Matching = Pick<Regex, 'testBytes' | 'execBytes'>;

function byAutomaton(automaton: Automaton): Matching {
  return {
    testBytes(bytes, start, end) {
      const outcome = hasMatch(automaton, bytes, start, end);
      if (outcome !== 'ill_formed') return outcome === 'match';
      if (isUtf8(bytes.subarray(start, end))) return false;
      const text = wellFormed(bytes, start, end);
      return hasMatch(automaton, text.bytes, 0, text.bytes.length) === 'match';
    },
    execBytes(bytes, start, end, spans) {
      const walked = findMatch(automaton, bytes, start, end, spans);
      if (!walked.illFormed || isUtf8(bytes.subarray(start, end))) return walked.matched;
      const text = wellFormed(bytes, start, end);
      if (!findMatch(automaton, text.bytes, 0, text.bytes.length, spans).matched) return false;
      for (const [slot, position] of spans.entries()) if (position !== -1) spans[slot] = text.original(position);
      return true;
    },
  };
}

function byRe2js(compiled: RE2JS): Matching {
  const re2 = compiled.re2();
  return {
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
