/** Labels of a series as the codecs of metrics give them: flat, without an object per label. */

/** Names and values by turns, `['__name__', 'up', 'job', 'node']`, sorted by name in the order of UTF-8, `__name__` among them. */
export type SeriesLabels = readonly string[];

/** undefined where it is not there. */
export function labelOf(labels: SeriesLabels, name: string): string | undefined {
  for (let at = 0; at < labels.length; at += 2) if (labels[at] === name) return labels[at + 1];
  return undefined;
}

/** Between the texts of a key. A target whose names or values have these two characters, one behind the other, confuses its own series alone. */
export const SEPARATOR = '\u{ff}\u{0}';

/** Sorts pairs in place by name, as Prometheus does; pairs of one name keep their order.
 *  @returns the name that stands there twice, if any */
export function sortLabels(flat: string[]): string | undefined {
  let isSorted = true;
  for (let at = 2; at < flat.length; at += 2) {
    if (compareUtf8(flat[at - 2]!, flat[at]!) >= 0) isSorted = false;
  }
  if (isSorted) return undefined;
  const pairs: [string, string][] = [];
  for (let at = 0; at < flat.length; at += 2) pairs.push([flat[at]!, flat[at + 1]!]);
  pairs.sort(([a], [b]) => compareUtf8(a, b));
  let twice: string | undefined;
  for (const [index, [name, value]] of pairs.entries()) {
    flat[2 * index] = name;
    flat[2 * index + 1] = value;
    if (index > 0 && pairs[index - 1]?.[0] === name) twice ??= name;
  }
  return twice;
}

/** The order of the bytes in UTF-8, which is that of code points: JavaScript's own puts U+E000 behind what needs surrogates. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x1_0000 : unit;
}
