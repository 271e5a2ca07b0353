/** The axis of values: from where to where, and which of them are written beside it. */

export interface Scale {
  readonly from: number;
  readonly to: number;
  /** Round values from `from` to `to`, both among them. */
  readonly ticks: readonly { readonly value: number; readonly label: string }[];
}

const UNITS = ['', 'k', 'M', 'G', 'T', 'P'] as const;
/** Below and above, exponents. */
const LEAST_WITHOUT_EXPONENT = 1e-3;
const MOST_WITHOUT_EXPONENT = 1e18;
/** Differences of larger ones would be infinite. */
const LARGEST = Number.MAX_VALUE / 8;

/** Begins at 0 where what is shown is not far from it.
 *  @param intervals wanted between ticks, at least 1; there are up to twice as many or half */
export function valueScale(least: number, most: number, intervals: number): Scale {
  let low = clamped(least);
  let high = clamped(most);
  if (low >= 0 && low <= high / 2) low = 0;
  else if (high <= 0 && high >= low / 2) high = 0;
  if (low === high) {
    if (low > 0) low = 0;
    else if (high < 0) high = 0;
    else high = 1;
  }
  const step = roundStep((high - low) / intervals);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  const values = Array.from({ length: last - first + 1 }, (_, index) => times(first + index, step));
  const [from = low] = values;
  const to = values.at(-1) ?? high;
  const label = labelFor(Math.max(Math.abs(from), Math.abs(to)), step);
  return { from, to, ticks: values.map((value) => ({ value, label: label(value) })) };
}

function clamped(value: number): number {
  return Math.min(LARGEST, Math.max(-LARGEST, value));
}

/** The smallest of 1, 2, 5, 10, 20 … (and 0.5, 0.2 …) that is not below. */
function roundStep(wanted: number): number {
  const power = 10 ** Math.floor(Math.log10(wanted));
  const factor = [1, 2, 5].find((candidate) => candidate * power >= wanted * (1 - 1e-9)) ?? 10;
  return Number((factor * power).toPrecision(1));
}

/** Without the digits that 3 * 0.1 has behind the first. */
function times(count: number, step: number): number {
  return Number((count * step).toPrecision(12));
}

function labelFor(largest: number, step: number): (value: number) => string {
  if (largest < LEAST_WITHOUT_EXPONENT || largest >= MOST_WITHOUT_EXPONENT) {
    return (value) => (value === 0 ? '0' : Number(value.toPrecision(3)).toExponential());
  }
  const thousands = Math.max(0, Math.min(UNITS.length - 1, Math.floor(Math.log10(largest) / 3)));
  const unit = 1000 ** thousands;
  const decimals = Math.max(0, -Math.floor(Math.log10(step / unit) + 1e-9));
  return (value) => (value === 0 ? '0' : `${(value / unit).toFixed(decimals)}${UNITS[thousands] ?? ''}`);
}
