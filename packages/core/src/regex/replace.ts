/** Go's Regexp.ReplaceAllString. Source: Go 1.26, regexp/regexp.go. */
import { RE2JS } from 're2js';
import { compileRegex } from './regex.ts';

const REFERENCE = /\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu;

/** Replaces every match; `$1`, `${1}` and `$name` in the replacement are groups, a group that is not there is empty.
 *  @param maxLength of the result, in UTF-16 units
 *  @throws {RegexError} the pattern is no RE2 syntax
 *  @throws {RangeError} the result would be longer */
export function replaceAll(pattern: string, text: string, replacement: string, maxLength: number): string {
  const { groupNames } = compileRegex(pattern);
  // Where a match may begin depends on what stands before it, which a search from there on does not see.
  const matcher = RE2JS.compile(pattern).matcher(text);
  const expand = (): string =>
    replacement.replace(REFERENCE, (whole: string, braced?: string, bare?: string) => {
      if (whole === '$$') return '$';
      const name = braced ?? bare ?? '';
      const group = /^\d+$/.test(name) ? Number(name) : groupNames.indexOf(name);
      return group < 0 || group >= groupNames.length ? '' : (matcher.group(group) ?? '');
    });
  let replaced = '';
  const add = (part: string): void => {
    if (replaced.length + part.length > maxLength) {
      throw new RangeError(`a replacement of more than ${maxLength} characters`);
    }
    replaced += part;
  };
  let copied = 0;
  let at = 0;
  while (at <= text.length && matcher.find(at)) {
    const [start, end] = [matcher.start(), matcher.end()];
    add(text.slice(copied, start));
    // An empty match right behind another one does not count.
    if (end > copied || start === 0) add(expand());
    copied = end;
    at = end > at ? end : at + ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
  }
  add(text.slice(copied));
  return replaced;
}
