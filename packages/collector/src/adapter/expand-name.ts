/** Go's Regexp.FindStringSubmatchIndex and Expand: the name of a metric from the name of its series. */
import type { Regex } from '@vigie/core/regex';

const REFERENCE = /\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu;

/** @param template `$1`, `${1}` and `$name` stand for groups; one that is not there is empty
 *  @returns undefined where nothing matches */
export function expandFirst(regex: Regex, text: string, template: string): string | undefined {
  const bytes = Buffer.from(text);
  const { groupNames } = regex;
  const spans = new Int32Array(2 * groupNames.length);
  if (!regex.execBytes(bytes, 0, bytes.length, spans)) return undefined;
  return template.replace(REFERENCE, (whole: string, braced?: string, bare?: string) => {
    if (whole === '$$') return '$';
    const name = braced ?? bare ?? '';
    const group = /^\d+$/.test(name) ? Number(name) : groupNames.indexOf(name);
    const [start, end] = [spans[2 * group] ?? -1, spans[2 * group + 1] ?? -1];
    return start < 0 ? '' : bytes.toString('utf8', start, end);
  });
}
