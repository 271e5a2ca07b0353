/** Numbers as Go writes them, for the texts and the JSON that Prometheus' clients know. */

/** strconv.FormatFloat(value, 'f', -1, 64): the shortest digits, never an exponent. */
export function formatFloat(value: number): string {
  const special = formatSpecial(value);
  if (special !== undefined) return special;
  const text = String(value);
  const at = text.indexOf('e');
  if (at < 0) return text;
  const { sign, digits, point } = decimalOf(value);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return `${sign}${digits}${'0'.repeat(Math.max(0, point - digits.length))}`;
}

/** Go's `%g` with the shortest digits: an exponent below 1e-4 and from 1e6 on; `wide`, for people to read, from 1e21 on. */
export function formatGeneral(value: number, wide = false): string {
  const special = formatSpecial(value);
  if (special !== undefined) return special;
  const { sign, digits, point } = decimalOf(value);
  const exponent = point - 1;
  if (exponent >= -4 && exponent < (wide ? 21 : 6)) return formatFloat(value);
  const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
  const power = String(Math.abs(exponent)).padStart(2, '0');
  return `${sign}${mantissa}e${exponent < 0 ? '-' : '+'}${power}`;
}

/** As OpenMetrics writes a value: with a dot or an exponent. */
export function formatOpenMetrics(value: number): string {
  const text = formatGeneral(value);
  return /[e.N]|Inf/.test(text) ? text : `${text}.0`;
}

/** strconv.ParseFloat; undefined where it fails. */
export function parseFloatText(text: string): number | undefined {
  const lower = text.toLowerCase();
  if (/^[+-]?(inf|infinity)$/.test(lower)) return lower.startsWith('-') ? -Infinity : Infinity;
  if (/^[+-]?nan$/.test(lower)) return Number.NaN;
  const digits = text.replace(/(?<=[0-9a-fA-F])_(?=[0-9a-fA-F])/g, '');
  if (/^[+-]?0[xX][0-9a-fA-F]+$/.test(digits)) return hexadecimal(digits);
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(digits)) return undefined;
  return Number(digits);
}

function hexadecimal(text: string): number {
  const isNegative = text.startsWith('-');
  const value = Number(text.replace(/^[+-]/, ''));
  return isNegative ? -value : value;
}

function formatSpecial(value: number): string | undefined {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  return undefined;
}

/** @returns shortest digits, and where the point stands before them: 0.digits * 10^point */
function decimalOf(value: number): { readonly sign: string; readonly digits: string; readonly point: number } {
  const [mantissa = '', exponent = '0'] = Math.abs(value).toExponential().split('e');
  return { sign: value < 0 ? '-' : '', digits: mantissa.replace('.', ''), point: Number(exponent) + 1 };
}
