/** A place in a text of LogQL. */
import { VigieError } from '@vigie/core/errors';
import { unquote } from '@vigie/promql/text/quote';
import { TextCursor } from '@vigie/promql/text/text-cursor';

const SPACE = /(?:\s|#[^\n]*)*/y;
const STRING = /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y;
/** Strings in it may have braces. */
const SELECTOR = /\{(?:[^"`}]|"(?:[^"\\\n]|\\.)*"|`[^`]*`)*\}/y;

export class Cursor extends TextCursor {
  /** @param at where it begins */
  constructor(text: string, at = 0) {
    super(text, at);
    super.take(SPACE);
  }

  /** Takes what the pattern (sticky) matches, with space and comments behind it. */
  override take(pattern: RegExp): RegExpExecArray | undefined {
    const match = super.take(pattern);
    if (match !== undefined) super.take(SPACE);
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
    const got = this.glimpse === '' ? 'nothing' : JSON.stringify(this.glimpse);
    return new VigieError('LOGS_REFUSED', `scenarios read a part of LogQL: expected ${expected}, got ${got}`);
  }
}
