/** Kubernetes' quantities as numbers. Source: k8s.io/apimachinery, pkg/api/resource/quantity.go. */

const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
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
const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/;

/** `100m`, `1.5Gi`, `2e3`.
 *  @returns undefined for what is none */
export function quantityOf(text: string): number | undefined {
  const [, digits, exponent = '', suffix = ''] = QUANTITY.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const unit = SUFFIXES[suffix] ?? 1;
  // Divided, so that 100m is 0.1 and not the double beside it.
  return unit < 1 ? Number(digits) / Math.round(1 / unit) : Number(`${digits}${exponent}`) * unit;
}
