/** Native histograms of one bucket layout, column by column: the layout once, then one Gorilla stream of times and counts,
 *  and one for each other number (zero count, sum, every bucket), numbered 0, 1, 2, … in place of times. A bucket that
 *  nobody hits costs two bits a sample. */
import type { CounterResetHint, Histogram, Span } from '@vigie/promql/histogram/histogram';
import { BitReader, type BitWriter } from './bits.ts';
import { decodeXor, MAX_SAMPLE_BYTES, XorEncoder } from './xor.ts';

const HINTS: readonly CounterResetHint[] = ['unknown', 'reset', 'not_reset', 'gauge'];
/** Of both signs together. A histogram of more is refused: a chunk must fit into a block, and Prometheus too has a limit
 *  (native_histogram_bucket_limit) where a target is not trusted. */
export const MAX_BUCKETS = 2048;
const MAX_SPANS = MAX_BUCKETS;

export interface TimedHistogram {
  readonly timestampMs: number;
  readonly histogram: Histogram;
}

/** Whether the histogram can be stored: its spans are in order and say as many buckets as there are. */
export function isStorable({
  schema,
  positiveSpans,
  negativeSpans,
  positiveBuckets,
  negativeBuckets,
  customValues,
}: Histogram) {
  return (
    Number.isInteger(schema) &&
    Math.abs(schema) < 128 &&
    positiveBuckets.length + negativeBuckets.length <= MAX_BUCKETS &&
    customValues.length <= MAX_BUCKETS &&
    spansFit(positiveSpans, positiveBuckets.length) &&
    spansFit(negativeSpans, negativeBuckets.length)
  );
}

function spansFit(spans: readonly Span[], buckets: number): boolean {
  if (spans.length > MAX_SPANS) return false;
  let length = 0;
  for (const [index, span] of spans.entries()) {
    const isOffset =
      Number.isInteger(span.offset) && Math.abs(span.offset) <= 2 ** 31 && (index === 0 || span.offset >= 0);
    if (!isOffset || !Number.isInteger(span.length) || span.length < 0) return false;
    length += span.length;
  }
  return length === buckets;
}

export function sameLayout(a: Histogram, b: Histogram): boolean {
  return (
    a.schema === b.schema &&
    Object.is(a.zeroThreshold, b.zeroThreshold) &&
    sameSpans(a.positiveSpans, b.positiveSpans) &&
    sameSpans(a.negativeSpans, b.negativeSpans) &&
    sameNumbers(a.customValues, b.customValues)
  );
}

/** To the bit, NaN payloads aside. */
export function sameHistogram(a: Histogram, b: Histogram): boolean {
  return (
    sameLayout(a, b) &&
    Object.is(a.zeroCount, b.zeroCount) &&
    Object.is(a.count, b.count) &&
    Object.is(a.sum, b.sum) &&
    sameNumbers(a.positiveBuckets, b.positiveBuckets) &&
    sameNumbers(a.negativeBuckets, b.negativeBuckets)
  );
}

/** @param samples of one layout, storable, at least one, ascending
 *  @returns undefined where they take more than `maxBytes` */
export function encodeHistograms(samples: readonly TimedHistogram[], maxBytes: number): Uint8Array | undefined {
  const [first] = samples;
  if (first === undefined) return undefined;
  const { schema, zeroThreshold, positiveSpans, negativeSpans, positiveBuckets, negativeBuckets, customValues } =
    first.histogram;
  const fields = 3 + positiveBuckets.length + negativeBuckets.length;
  const layoutBytes = 32 + 16 * (positiveSpans.length + negativeSpans.length) + 8 * customValues.length;
  const bytes = new Uint8Array(layoutBytes + samples.length + fields * (samples.length + 1) * MAX_SAMPLE_BYTES);
  const encoder = new XorEncoder(bytes);
  const { writer } = encoder;
  writer.writeVarint(zigzag(schema));
  writeDouble(writer, zeroThreshold);
  writeSpans(writer, positiveSpans);
  writeSpans(writer, negativeSpans);
  writer.writeVarint(customValues.length);
  for (const bound of customValues) writeDouble(writer, bound);
  for (const { histogram } of samples) writer.write(HINTS.indexOf(histogram.counterResetHint), 2);
  for (const { timestampMs, histogram } of samples) encoder.append(timestampMs, histogram.count);
  for (let field = 0; field < fields - 1; field++) {
    encoder.restart();
    for (let index = 0; index < samples.length; index++)
      encoder.append(index, fieldOf(samples[index]!.histogram, field));
  }
  const length = (writer.at + 7) >>> 3;
  return length <= maxBytes ? bytes.subarray(0, length) : undefined;
}

function fieldOf(histogram: Histogram, field: number): number {
  const { zeroCount, sum, positiveBuckets, negativeBuckets } = histogram;
  if (field === 0) return zeroCount;
  if (field === 1) return sum;
  return positiveBuckets[field - 2] ?? negativeBuckets[field - 2 - positiveBuckets.length]!;
}

/** @returns all samples of the chunk; none where it is damaged beyond being one */
export function decodeHistograms(stream: Uint8Array, count: number): readonly TimedHistogram[] {
  const reader = new BitReader(stream);
  const schema = unzigzag(reader.readVarint());
  const zeroThreshold = readDouble(reader);
  const positiveSpans = readSpans(reader);
  const negativeSpans = readSpans(reader);
  const bounds = reader.readVarint();
  if (positiveSpans === undefined || negativeSpans === undefined || bounds > MAX_BUCKETS) return [];
  const customValues = Array.from({ length: bounds }, () => readDouble(reader));
  const hints = Array.from({ length: count }, () => HINTS[reader.read(2)]!);
  const positives = lengthOf(positiveSpans);
  const negatives = lengthOf(negativeSpans);
  if (positives + negatives > MAX_BUCKETS) return [];
  const times = new Float64Array(count);
  const column = (): Float64Array => {
    const values = new Float64Array(count);
    const into = { timestampsMs: numbers, values, valueWords: new Uint32Array(values.buffer) };
    decodeXor(reader, count, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, into, 0);
    return values;
  };
  const numbers = times.slice();
  const counts = column();
  times.set(numbers);
  const zeroCounts = column();
  const sums = column();
  const buckets = Array.from({ length: positives + negatives }, column);
  return hints.map((counterResetHint, index) => ({
    timestampMs: times[index]!,
    histogram: {
      counterResetHint,
      schema,
      zeroThreshold,
      zeroCount: zeroCounts[index]!,
      count: counts[index]!,
      sum: sums[index]!,
      positiveSpans,
      negativeSpans,
      positiveBuckets: buckets.slice(0, positives).map((values) => values[index]!),
      negativeBuckets: buckets.slice(positives).map((values) => values[index]!),
      customValues,
    },
  }));
}

function writeSpans(writer: BitWriter, spans: readonly Span[]): void {
  writer.writeVarint(spans.length);
  for (const { offset, length } of spans) {
    writer.writeVarint(zigzag(offset));
    writer.writeVarint(length);
  }
}

function readSpans(reader: BitReader): readonly Span[] | undefined {
  const count = reader.readVarint();
  if (count > MAX_SPANS) return undefined;
  return Array.from({ length: count }, () => ({ offset: unzigzag(reader.readVarint()), length: reader.readVarint() }));
}

function lengthOf(spans: readonly Span[]): number {
  return spans.reduce((sum, { length }) => sum + length, 0);
}

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

function writeDouble(writer: BitWriter, value: number): void {
  double[0] = value;
  writer.write(words[0]!, 32);
  writer.write(words[1]!, 32);
}

function readDouble(reader: BitReader): number {
  words[0] = reader.read(32);
  words[1] = reader.read(32);
  return double[0]!;
}

function zigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1;
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

function sameSpans(a: readonly Span[], b: readonly Span[]): boolean {
  return (
    a === b ||
    (a.length === b.length && a.every(({ offset, length }, i) => offset === b[i]!.offset && length === b[i]!.length))
  );
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((value, index) => Object.is(value, b[index])));
}
