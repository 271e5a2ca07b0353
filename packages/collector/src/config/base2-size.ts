/** Sizes as Prometheus reads them: `512MB` and `512MiB` are the same, in powers of 1024; `1GB512MB` is their sum.
 *  Source: github.com/alecthomas/units, ParseBase2Bytes. */

const PART = /^(\d+(?:\.\d*)?|\.\d+)([KMGTPE]?)i?B/;
const EXPONENT = 'KMGTPE';

/** @returns bytes, or undefined when the text is no size, has no unit (but `0`), or is beyond 2^53 */
export function parseBase2Size(text: string): number | undefined {
  if (text === '0') return 0;
  let rest = text;
  let sizeBytes = 0;
  while (rest !== '') {
    const match = PART.exec(rest);
    if (match === null) return undefined;
    const [part, number, prefix = ''] = match;
    sizeBytes += Math.floor(Number(number) * 1024 ** (prefix === '' ? 0 : EXPONENT.indexOf(prefix) + 1));
    rest = rest.slice(part.length);
  }
  return text !== '' && Number.isSafeInteger(sizeBytes) ? sizeBytes : undefined;
}
