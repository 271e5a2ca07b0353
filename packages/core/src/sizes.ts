/** Sizes in bytes as people write them: `64KiB`, `10Mi` (Kubernetes), `50MB`, `1G`, or a plain number. A prefix with
 *  `i` counts in 1024s, one without in 1000s; the `B` may be left out. */

const PATTERN = /^(\d+(?:\.\d+)?)\s?(?:([kKMGTP])(i?))?B?$/;
const EXPONENTS: Readonly<Record<string, number>> = { k: 1, K: 1, M: 2, G: 3, T: 4, P: 5 };

/** @returns bytes, or undefined when the text is no size, not a whole number of bytes, or beyond 2^53 */
export function parseSize(text: string): number | undefined {
  const match = PATTERN.exec(text);
  if (match === null) return undefined;
  const [, number, prefix, binary] = match;
  const base = binary === 'i' ? 1024 : 1000;
  const sizeBytes = Number(number) * (prefix === undefined ? 1 : base ** (EXPONENTS[prefix] ?? 0));
  return Number.isSafeInteger(sizeBytes) ? sizeBytes : undefined;
}

/** For people: three digits at most and a binary unit, `1.5MiB`. Not exact; parseSize need not read the same back.
 *  @param sizeBytes >= 0 */
export function formatSize(sizeBytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let scaled = sizeBytes;
  let unit = 0;
  // 999.5 would be printed as 1000, a fourth digit.
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1024;
    unit++;
  }
  return `${Number(scaled.toPrecision(3))}${units[unit]}`;
}
