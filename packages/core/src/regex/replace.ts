/** Go's Regexp.ReplaceAllString. Source: Go 1.26, regexp/regexp.go. */
import type { Regex } from './regex.ts';

const REFERENCE = /\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu;

/** Replaces every match; `$1`, `${1}` and `$name` in the replacement are groups, a group that is not there is empty.
 *  @throws {RangeError} the result would be longer than `maxBytes` */
export function replaceAll(regex: Regex, text: string, replacement: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  const spans = new Int32Array(2 * regex.groupNames.length);
  const expand = (): string =>
    replacement.replace(REFERENCE, (whole: string, braced?: string, bare?: string) => {
      if (whole === '$$') return '$';
      const name = braced ?? bare ?? '';
      const group = /^\d+$/.test(name) ? Number(name) : regex.groupNames.indexOf(name);
      const start = spans[2 * group] ?? -1;
      return group < 0 || start < 0 ? '' : bytes.toString('utf8', start, spans[2 * group + 1]);
    });
  const parts: string[] = [];
  let size = 0;
  const add = (part: string): void => {
    size += part.length;
    if (size > maxBytes) throw new RangeError(`a replacement of more than ${maxBytes} bytes`);
    parts.push(part);
  };
  let copied = 0;
  let at = 0;
  while (at <= bytes.length && regex.execBytes(bytes, at, bytes.length, spans)) {
    const [start = 0, end = 0] = spans;
    add(bytes.toString('utf8', copied, start));
    // An empty match right behind another one does not count.
    if (end > copied || start === 0) add(expand());
    copied = end;
    if (end > at) at = end;
    else {
      at++;
      while (at < bytes.length && (bytes[at]! & 0xc0) === 0x80) at++;
    }
  }
  add(bytes.toString('utf8', copied));
  return parts.join('');
}
