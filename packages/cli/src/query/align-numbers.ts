/** A column of numbers, so that their points stand below one another. */

/** @param texts as they are, `12.5`, `1e-09`, `NaN`
 *  @returns padded on the left */
export function alignNumbers(texts: readonly string[]): readonly string[] {
  const wholes = texts.map(wholeLength);
  const width = wholes.reduce((most, whole) => Math.max(most, whole), 0);
  return texts.map((text, index) => ' '.repeat(width - (wholes[index] ?? 0)) + text);
}

/** What stands before the point; of `1e-09` the first digits. */
function wholeLength(text: string): number {
  const [whole = ''] = /^[+-]?\d+(?=[.e])/.exec(text) ?? [text];
  return whole.length;
}
