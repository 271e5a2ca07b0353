/** A matcher as a test of one text, with the regular expressions that people mostly write taken as what they are: a prefix,
 *  an ending, a part, anything. */
import { compileRegex } from '@vigie/core/regex';
import type { Matcher } from '@vigie/promql/labels/matcher';

const LITERAL = String.raw`([\w \-:/,;@%&~<>="'!#\u0080-\uffff]*)`;
const ANY = String.raw`\.\*`;
const SOME = String.raw`\.\+`;
/** What each finds of a text that stands between, before or behind anything. `s` is on in PromQL: a dot is any character. */
const FORMS: readonly [RegExp, (literal: string) => (text: string) => boolean][] = [
  [new RegExp(`^${LITERAL}${ANY}$`), (literal) => (text) => text.startsWith(literal)],
  [new RegExp(`^${LITERAL}${SOME}$`), (literal) => (text) => text.length > literal.length && text.startsWith(literal)],
  [new RegExp(`^${ANY}${LITERAL}$`), (literal) => (text) => text.endsWith(literal)],
  [new RegExp(`^${SOME}${LITERAL}$`), (literal) => (text) => text.length > literal.length && text.endsWith(literal)],
  [new RegExp(`^${ANY}${LITERAL}${ANY}$`), (literal) => (text) => text.includes(literal)],
];

/** @returns for `=~` and `!~` whether the regular expression matches the whole text; the matcher's sign is the caller's */
export function regexTest(matcher: Matcher): (text: string) => boolean {
  const { alternatives, value } = matcher;
  if (alternatives !== undefined) {
    const set = new Set(alternatives);
    return (text) => set.has(text);
  }
  for (const [form, test] of FORMS) {
    const literal = form.exec(value)?.[1];
    if (literal !== undefined) return test(literal);
  }
  const regex = compileRegex(`^(?s:${value})$`);
  // Its tables walk bytes four times as fast as re2js does a text.
  return (text) => {
    const length = text.length * 3 <= scratch.length ? scratch.write(text) : undefined;
    return length === undefined ? regex.test(text) : regex.testBytes(scratch, 0, length);
  };
}

const scratch = Buffer.alloc(16 * 1024);
