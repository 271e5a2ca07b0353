/** Reads a Quantity as thousandths, rounded up, as Quantity.MilliValue does. Source: apimachinery, pkg/api/resource/quantity.go. */

const QUANTITY = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i))?$/;
const POWERS_OF_TEN: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const POWERS_OF_1024 = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** @returns undefined for what is no quantity */
export function quantityMilli(text: string): number | undefined {
  const [, sign = '', whole = '', fraction = '', exponent = '', suffix = ''] = QUANTITY.exec(text) ?? [];
  if (whole === '' && fraction === '') return undefined;
  const binary = 1 + POWERS_OF_1024.indexOf(suffix);
  const ten = 3 - fraction.length + (exponent === '' ? (POWERS_OF_TEN[suffix] ?? 0) : Number(exponent));
  const scaled = BigInt(`${whole}${fraction}`) * 1024n ** BigInt(binary) * 10n ** BigInt(Math.max(0, ten));
  const signed = sign === '-' ? -scaled : scaled;
  const divisor = 10n ** BigInt(Math.max(0, -ten));
  const floor = signed / divisor;
  return Number(signed > 0n && signed % divisor !== 0n ? floor + 1n : floor);
}

/** `1500m`, `2`, `0.25`: for a person. */
export function formatMilli(milli: number): string {
  return String(Number((milli / 1000).toPrecision(6)));
}
