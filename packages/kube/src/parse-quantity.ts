/** Reads a Quantity as a double. Source: apimachinery, pkg/api/resource/quantity.go. */

const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i))?$/;

const FACTORS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** @returns undefined for what is no quantity */
export function parseQuantity(text: string): number | undefined {
  const match = QUANTITY.exec(text);
  if (match === null) return undefined;
  const [, digits = '', exponent = '', suffix = ''] = match;
  const number = Number(`${digits}${exponent}`);
  const factor = suffix === '' ? 1 : FACTORS[suffix];
  if (factor === undefined || !Number.isFinite(number)) return undefined;
  // 850 / 1000 is 0.85, and 850 * 0.001 is not.
  return factor < 1 ? number / Math.round(1 / factor) : number * factor;
}
