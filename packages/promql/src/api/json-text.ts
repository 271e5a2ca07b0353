/** Pieces of JSON as Prometheus writes them. Source: Prometheus, util/jsonutil/marshal.go; Go, encoding/json. */
import { allBuckets } from '../histogram/bounds.ts';
import type { Histogram } from '../histogram/histogram.ts';
import type { LabelSet } from '../labels/label-set.ts';

/** Anything but what is written as it is: no quote, backslash, `<`, `>`, `&`, control character, separator of lines or
 *  surrogate. Most labels have nothing of it. */
const SPECIAL = /[^ !#-%'-;=?-[\]-\u2027\u202a-\ud7ff\ue000-\uffff]/;
/** Go escapes these beside what JSON asks for, so that JSON may stand in a web page. */
const UNSAFE_IN_HTML = /[<>&\u2028\u2029]/g;

export function jsonString(text: string): string {
  return SPECIAL.test(text) ? jsonText(text) : `"${text}"`;
}

/** @param value anything that JSON has */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(
    UNSAFE_IN_HTML,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** strconv.FormatFloat as jsoniter calls it: an exponent below 1e-6 and from 1e21 on, which is where JavaScript has one too.
 *  Without quotes. Cost: some 60 ns. */
export function jsonFloat(value: number): string {
  if (value === 0) return 1 / value < 0 ? '-0' : '0';
  const size = value < 0 ? -value : value;
  if (size >= 1e-6 && size < 1e21) return `${value}`;
  if (Number.isNaN(value)) return 'NaN';
  if (size === Infinity) return value < 0 ? '-Inf' : '+Inf';
  return `${value}`.replace(/e([+-])(\d)$/, 'e$10$2');
}

/** Seconds, with three digits behind the point or none: `1435781451.781`, `1435781451.780`, `1435781451`.
 *  @param timestampMs whole */
export function jsonTime(timestampMs: number): string {
  const size = Math.abs(timestampMs);
  const fraction = size % 1000;
  const sign = timestampMs < 0 ? '-' : '';
  const whole = `${sign}${(size - fraction) / 1000}`;
  return fraction === 0 ? whole : `${whole}.${fraction < 10 ? '00' : fraction < 100 ? '0' : ''}${fraction}`;
}

export function jsonLabels({ names, values }: LabelSet): string {
  let text = '{';
  for (let at = 0; at < names.length; at++) {
    text += `${at === 0 ? '' : ','}${jsonString(names[at]!)}:${jsonString(values[at]!)}`;
  }
  return `${text}}`;
}

/** Empty buckets are left out. */
export function jsonHistogram(histogram: Histogram): string {
  let buckets = '';
  for (const { lower, upper, lowerInclusive, upperInclusive, count } of allBuckets(histogram)) {
    if (count === 0) continue;
    const boundaries = lowerInclusive ? (upperInclusive ? 3 : 1) : upperInclusive ? 0 : 2;
    buckets += `${buckets === '' ? '' : ','}[${boundaries},"${jsonFloat(lower)}","${jsonFloat(upper)}","${jsonFloat(count)}"]`;
  }
  const list = buckets === '' ? '' : `,"buckets":[${buckets}]`;
  return `{"count":"${jsonFloat(histogram.count)}","sum":"${jsonFloat(histogram.sum)}"${list}}`;
}
