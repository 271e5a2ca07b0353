/** Numbers as Go's strconv.FormatFloat and ParseFloat write and read them: what Prometheus, its templates and its text formats
 *  use. Source: Go 1.26, strconv/ftoa.go and atof.go. */

export type FloatVerb = 'e' | 'f' | 'g';

/** JavaScript formats no more digits than this behind the point. */
const MAX_DIGITS = 100;
/** Digits beyond a rounding place that tell an exact half from what lies beside it. */
const GUARD_DIGITS = 40;

/** @param precision digits behind the point for `e` and `f`, significant ones for `g`, at most 100; -1: as few as read back
 *  to the same value */
export function formatGoFloat(value: number, verb: FloatVerb, precision = -1): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const size = Math.abs(value);
  const digits = Math.min(precision, MAX_DIGITS);
  switch (verb) {
    case 'e':
      return sign + exponential(size, digits);
    case 'f':
      return sign + (digits < 0 ? withoutExponent(size.toExponential()) : fixed(size, digits));
    case 'g': {
      const significant = digits === 0 ? 1 : digits;
      const text = significant < 0 ? size.toExponential() : trimZeros(roundedExponential(size, significant - 1));
      const exponent = Number(text.slice(text.indexOf('e') + 1));
      const limit = significant < 0 ? SHORTEST_LIMIT : significant;
      return sign + (exponent < -4 || exponent >= limit ? padExponent(text) : withoutExponent(text));
    }
  }
}

/** Where `%g` without a precision turns to exponents: 1e+06. */
const SHORTEST_LIMIT = 6;

function exponential(size: number, digits: number): string {
  return padExponent(digits < 0 ? size.toExponential() : roundedExponential(size, digits));
}

/** An exact half goes to the even neighbour in Go, and away from zero in JavaScript. */
function roundedExponential(size: number, digits: number): string {
  const longer = size.toExponential(Math.min(MAX_DIGITS, digits + GUARD_DIGITS));
  const [mantissa = '', exponent = ''] = longer.split('e');
  const plain = mantissa.replace('.', '');
  const kept = plain.slice(0, digits + 1);
  if (!isExactHalf(plain.slice(digits + 1)) || isOdd(kept)) return size.toExponential(digits);
  return `${kept.slice(0, 1)}${digits > 0 ? `.${kept.slice(1)}` : ''}e${exponent}`;
}

function fixed(size: number, digits: number): string {
  if (size >= 1e21) return `${BigInt(size)}${digits > 0 ? `.${'0'.repeat(digits)}` : ''}`;
  const longer = size.toFixed(Math.min(MAX_DIGITS, digits + GUARD_DIGITS));
  const point = longer.indexOf('.');
  if (point < 0) return size.toFixed(digits);
  const kept = longer.slice(0, digits === 0 ? point : point + 1 + digits);
  return isExactHalf(longer.slice(point + 1 + digits)) && !isOdd(kept) ? kept : size.toFixed(digits);
}

function isExactHalf(rest: string): boolean {
  return /^50*$/.test(rest);
}

function isOdd(digits: string): boolean {
  return Number(digits.at(-1)) % 2 === 1;
}

/** `1.50e+3` to `1.5e+3`. */
function trimZeros(text: string): string {
  const [mantissa = '', exponent = ''] = text.split('e');
  return `${mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa}e${exponent}`;
}

/** `1.5e+3` to `1.5e+03`. */
function padExponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

/** `1.5e+3` to `1500`. */
function withoutExponent(text: string): string {
  const [mantissa = '', exponentText = ''] = text.split('e');
  const exponent = Number(exponentText);
  const [whole = '', fraction = ''] = mantissa.split('.');
  const digits = whole + fraction;
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  const point = exponent + 1;
  return point >= digits.length
    ? digits + '0'.repeat(point - digits.length)
    : `${digits.slice(0, point)}.${digits.slice(point)}`;
}

export type ParsedFloat = number | 'invalid syntax' | 'value out of range';

/** Reads what Go read before 1.13: no underscores, no hexadecimal. A zero that was no zero is no error, in Go either. */
export function parseGoFloat(text: string): ParsedFloat {
  if (DECIMAL.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : 'value out of range';
  }
  const match = SPECIAL.exec(text);
  if (match === null) return 'invalid syntax';
  if (match[2] !== undefined) return Number.NaN;
  return match[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const SPECIAL = /^(?:([+-]?)inf(?:inity)?|(nan))$/i;
