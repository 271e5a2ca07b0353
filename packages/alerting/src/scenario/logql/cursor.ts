/** A place in a text of LogQL, which goes on as tokens are taken. */
import { VigieError } from '@vigie/core/errors';
import { unquote } from '@vigie/promql/text/quote';

const SPACE = /(?:\s|#[^\n]*)*/y;
const STRING = /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y;
/** Strings in it may have braces. */
const SELECTOR = /\{(?:[^"`}]|"(?:[^"\\\n]|\\.)*"|`[^`]*`)*\}/y;

export class Cursor {
  readonly #text: string;
  #at: number;

  /** @param at where it begins */
  constructor(text: string, at = 0) {
    this.#text = text;
    this.#at = at;
    this.#skipSpace();
  }

  get at(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Takes what the pattern (sticky) matches, with space and comments behind it. */
  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    this.#skipSpace();
    return match;
  }

  /** What it stands for; undefined where there is no string. */
  takeString(): string | undefined {
    const literal = this.take(STRING)?.[0];
    if (literal === undefined) return undefined;
    const text = unquote(literal);
    if (text === undefined) throw this.refusal(`a string as Go has it in place of ${literal}`);
    return text;
  }

  /** `{…}` */
  takeSelector(): string {
    const selector = this.take(SELECTOR)?.[0];
    if (selector === undefined) throw this.refusal('a selector such as {namespace="shop"}');
    return selector;
  }

  /** @param expected completes "expected …" */
  refusal(expected: string): VigieError {
    const rest = this.#text.slice(this.#at, this.#at + 40);
    const got = rest === '' ? 'nothing' : JSON.stringify(rest);
    return new VigieError('LOGS_REFUSED', `scenarios read a part of LogQL: expected ${expected}, got ${got}`);
  }

  #skipSpace(): void {
    SPACE.lastIndex = this.#at;
    SPACE.exec(this.#text);
    this.#at = SPACE.lastIndex;
  }
}
