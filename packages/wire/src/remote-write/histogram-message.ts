/** The message Histogram, which both protocols have alike. Source: prometheus v0.315.0, prompb/types.proto and
 *  prompb/io/prometheus/write/v2/types.proto. */
import { LimitError } from '../errors.ts';
import {
  type BucketSpan,
  countsOfDeltas,
  deltasOfCounts,
  type NativeHistogram,
  type ResetHint,
} from '../native-histogram.ts';
import type { ProtoReader } from '../protobuf/reader.ts';
import type { ProtoWriter } from '../protobuf/writer.ts';

/** The NaN that says that a series has ended. Source: prometheus, model/value/value.go. */
export const STALE_LOW_BITS = 0x0000_0002;
export const STALE_HIGH_BITS = 0x7ff0_0000;

const HINTS: readonly ResetHint[] = ['unknown', 'yes', 'no', 'gauge'];

export interface TimedHistogram {
  readonly histogram: NativeHistogram;
  readonly timestampMs: number;
  readonly startTimestampMs: number;
}

/** @param bytes what `reader` reads from, @param maxParts spans, buckets and bounds
 *  @throws {MalformedError | LimitError} */
export function readHistogram(reader: ProtoReader, bytes: Buffer, maxParts: number): TimedHistogram {
  let isFloat = false;
  let isStale = false;
  let count = 0;
  let sum = 0;
  let schema = 0;
  let zeroThreshold = 0;
  let zeroCount = 0;
  let hint = 0;
  let timestampMs = 0;
  let startTimestampMs = 0;
  let parts = 0;
  const positiveSpans: BucketSpan[] = [];
  const negativeSpans: BucketSpan[] = [];
  const positiveDeltas: number[] = [];
  const negativeDeltas: number[] = [];
  const positiveCounts: number[] = [];
  const negativeCounts: number[] = [];
  const customValues: number[] = [];
  const add = <T>(to: T[], part: T): void => {
    if (parts++ === maxParts) throw new LimitError('parts of a histogram', maxParts);
    to.push(part);
  };
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        count = reader.uint();
        break;
      case 2:
        isFloat = true;
        count = reader.double();
        break;
      case 3: {
        const at = reader.fixed64At();
        sum = bytes.readDoubleLE(at);
        isStale = bytes.readUInt32LE(at) === STALE_LOW_BITS && bytes.readUInt32LE(at + 4) === STALE_HIGH_BITS;
        break;
      }
      case 4:
        schema = reader.sint();
        break;
      case 5:
        zeroThreshold = reader.double();
        break;
      case 6:
        zeroCount = reader.uint();
        break;
      case 7:
        zeroCount = reader.double();
        break;
      case 8:
        add(negativeSpans, readSpan(reader.message()));
        break;
      case 9:
        reader.numbers('sint', (value) => add(negativeDeltas, value));
        break;
      case 10:
        reader.numbers('double', (value) => add(negativeCounts, value));
        break;
      case 11:
        add(positiveSpans, readSpan(reader.message()));
        break;
      case 12:
        reader.numbers('sint', (value) => add(positiveDeltas, value));
        break;
      case 13:
        reader.numbers('double', (value) => add(positiveCounts, value));
        break;
      case 14:
        hint = reader.uint32();
        break;
      case 15:
        timestampMs = reader.int();
        break;
      case 16:
        reader.numbers('double', (value) => add(customValues, value));
        break;
      case 17:
        startTimestampMs = reader.int();
        break;
      default:
        reader.skip();
    }
  }
  const histogram = {
    isFloat,
    schema,
    zeroThreshold,
    zeroCount,
    count,
    sum,
    positiveSpans,
    positiveCounts: isFloat ? positiveCounts : countsOfDeltas(positiveDeltas),
    negativeSpans,
    negativeCounts: isFloat ? negativeCounts : countsOfDeltas(negativeDeltas),
    customValues,
    resetHint: HINTS[hint] ?? 'unknown',
    isStale,
  };
  return { histogram, timestampMs, startTimestampMs };
}

function readSpan(reader: ProtoReader): BucketSpan {
  let offset = 0;
  let length = 0;
  while (reader.next()) {
    if (reader.field === 1) offset = reader.sint();
    else if (reader.field === 2) length = reader.uint32();
    else reader.skip();
  }
  return { offset, length };
}

/** Writes the fields of the message. @param startTimestampMs 0 writes none, as protocol 1.0 has none */
export function writeHistogram(
  writer: ProtoWriter,
  { histogram, timestampMs, startTimestampMs }: TimedHistogram,
): void {
  const { isFloat, count, sum, schema, zeroThreshold, zeroCount, resetHint, isStale } = histogram;
  if (isFloat) writer.double(2, count);
  else writer.uint(1, count);
  if (isStale) writer.doubleBits(3, STALE_LOW_BITS, STALE_HIGH_BITS);
  else writer.double(3, sum);
  writer.sint(4, schema);
  writer.double(5, zeroThreshold);
  if (isFloat) writer.double(7, zeroCount);
  else writer.uint(6, zeroCount);
  writeSide(writer, 8, histogram.negativeSpans, histogram.negativeCounts, isFloat);
  writeSide(writer, 11, histogram.positiveSpans, histogram.positiveCounts, isFloat);
  writer.uint(14, HINTS.indexOf(resetHint));
  writer.int64(15, BigInt(timestampMs));
  writer.packed(16, 'double', histogram.customValues);
  if (startTimestampMs !== 0) writer.int64(17, BigInt(startTimestampMs));
}

/** Spans, and behind their field deltas or counts. */
function writeSide(
  writer: ProtoWriter,
  field: number,
  spans: readonly BucketSpan[],
  counts: readonly number[],
  isFloat: boolean,
): void {
  for (const { offset, length } of spans) {
    writer.message(field, () => {
      writer.sint(1, offset);
      writer.uint(2, length);
    });
  }
  if (isFloat) writer.packed(field + 2, 'double', counts);
  else writer.packed(field + 1, 'sint', deltasOfCounts(counts));
}
