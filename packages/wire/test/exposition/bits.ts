/** A double as 16 hexadecimal digits, every NaN as the one that Prometheus takes for no number. */
export function bitsOf(value: number): string {
  if (Number.isNaN(value)) return '7ff8000000000001';
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString('hex');
}
