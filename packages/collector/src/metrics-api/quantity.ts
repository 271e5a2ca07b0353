/** Kubernetes' Quantity in its canonical form: no fraction, and the largest suffix that loses nothing. Exact: a double is taken for
 *  what it is, and rounded once. Source: apimachinery, pkg/api/resource/quantity.go. */

/** `1500m`, `2k`, `850u`; or `20Ki` where the value is whole and at least 1024. */
export type QuantityForm = 'decimal' | 'binary';

const DECIMAL_SUFFIXES = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'] as const;
const BINARY_SUFFIXES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const;
const NANO = 1_000_000_000n;
const NANO_PER_MILLI = 1_000_000n;
/** The HPA controller works in thousandths as int64: 9.2e15 is the roundest number below 2^63 / 1000. */
const LARGEST = 9.2e15;
/** Doubles from here on tell no billionths apart. */
const COARSE_FROM = 1e9;

/** @param value any double; beyond 9.2e15 either way it is taken for that
 *  @returns rounded half to even, to a billionth below 1e9 and to a thousandth from there on; undefined for NaN and infinities,
 *  which no quantity can express */
export function decimalQuantity(value: number): string | undefined {
  return Number.isFinite(value) ? formatQuantity(nanoOf(value), 'decimal') : undefined;
}

/** Of whole things, such as bytes: `20Ki`.
 *  @returns rounded half to even; undefined for NaN and infinities */
export function binaryQuantity(value: number): string | undefined {
  return Number.isFinite(value) ? formatQuantity(roundScaled(clamp(value), 1n) * NANO, 'binary') : undefined;
}

/** What the HPA controller makes of the quantity that decimalQuantity writes: thousandths, rounded up.
 *  @param value finite */
export function milliOf(value: number): number {
  const nano = nanoOf(value);
  const milli = nano / NANO_PER_MILLI;
  return Number(nano > 0n && nano % NANO_PER_MILLI !== 0n ? milli + 1n : milli);
}

/** @param nano billionths, within what a decimal suffix reaches */
export function formatQuantity(nano: bigint, form: QuantityForm): string {
  if (nano === 0n) return '0';
  const whole = nano / NANO;
  if (form === 'binary' && nano % NANO === 0n && (whole >= 1024n || whole <= -1024n)) {
    return shortest(whole, 1024n, BINARY_SUFFIXES);
  }
  return shortest(nano, 1000n, DECIMAL_SUFFIXES);
}

function shortest(amount: bigint, base: bigint, suffixes: readonly string[]): string {
  let rest = amount;
  let index = 0;
  while (rest % base === 0n && index < suffixes.length - 1) {
    rest /= base;
    index++;
  }
  return `${rest}${suffixes[index]}`;
}

/** @param value finite */
function nanoOf(value: number): bigint {
  const bounded = clamp(value);
  return Math.abs(bounded) < COARSE_FROM ? roundScaled(bounded, NANO) : roundScaled(bounded, 1000n) * NANO_PER_MILLI;
}

function clamp(value: number): number {
  return Math.max(-LARGEST, Math.min(LARGEST, value));
}

const bits = new DataView(new ArrayBuffer(8));

/** `value * scale` to the nearest whole number, half to even. The double is mantissa * 2^exponent, so that nothing is lost on the way.
 *  @param value finite */
function roundScaled(value: number, scale: bigint): bigint {
  bits.setFloat64(0, value);
  const word = bits.getBigUint64(0);
  const biased = Number((word >> 52n) & 0x7ffn);
  const fraction = word & 0xf_ffff_ffff_ffffn;
  const mantissa = biased === 0 ? fraction : fraction | 0x10_0000_0000_0000n;
  const exponent = Math.max(biased, 1) - 1075;
  const scaled = mantissa * scale;
  const magnitude = exponent >= 0 ? scaled << BigInt(exponent) : shiftRounded(scaled, BigInt(-exponent));
  return word >> 63n === 1n ? -magnitude : magnitude;
}

function shiftRounded(value: bigint, by: bigint): bigint {
  const quotient = value >> by;
  const rest = value - (quotient << by);
  const half = 1n << (by - 1n);
  const isUp = rest > half || (rest === half && (quotient & 1n) === 1n);
  return isUp ? quotient + 1n : quotient;
}
