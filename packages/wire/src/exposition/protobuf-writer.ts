/** Writes io.prometheus.client.MetricFamily messages, each behind its length, as /federate answers them: floats untyped, native
 *  histograms with counts that are floats. Source: prometheus/client_model v0.6.2, io/prometheus/client/metrics.proto. */
import type { BucketSpan, NativeHistogram } from '../native-histogram.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import type { SeriesLabels } from './series-labels.ts';

export type WrittenFamilyType = 'untyped' | 'histogram' | 'gaugehistogram';

const TYPE_NUMBERS: Readonly<Record<WrittenFamilyType, number>> = { untyped: 3, histogram: 4, gaugehistogram: 5 };

export interface WrittenMetric {
  /** With or without `__name__`, which is the family's. */
  readonly labels: SeriesLabels;
  readonly timestampMs: number;
  /** A histogram where the family is of that type; its custom values have no place there. */
  readonly value: number | NativeHistogram;
}

/** @returns the message behind its length */
export function encodeFamily(family: string, type: WrittenFamilyType, metrics: readonly WrittenMetric[]): Buffer {
  const writer = new ProtoWriter();
  writer.string(1, family);
  writer.uint(3, TYPE_NUMBERS[type]);
  for (const metric of metrics) writer.message(4, () => writeMetric(writer, metric));
  const length = new ProtoWriter();
  length.varint(writer.length);
  return Buffer.concat([length.written, writer.written]);
}

function writeMetric(writer: ProtoWriter, { labels, timestampMs, value }: WrittenMetric): void {
  for (let at = 0; at < labels.length; at += 2) {
    if (labels[at] === '__name__') continue;
    writer.message(1, () => {
      writer.string(1, labels[at]!);
      writer.string(2, labels[at + 1]!);
    });
  }
  if (typeof value === 'number') writer.message(5, () => writer.double(1, value));
  else writer.message(7, () => writeHistogram(writer, value));
  writer.int64(6, BigInt(timestampMs));
}

function writeHistogram(writer: ProtoWriter, histogram: NativeHistogram): void {
  writer.double(2, histogram.sum);
  writer.double(4, histogram.count);
  writer.sint(5, histogram.schema);
  writer.double(6, histogram.zeroThreshold);
  writer.double(8, histogram.zeroCount);
  writeSpans(writer, 9, histogram.negativeSpans);
  writer.packed(11, 'double', histogram.negativeCounts);
  writeSpans(writer, 12, histogram.positiveSpans);
  writer.packed(14, 'double', histogram.positiveCounts);
}

function writeSpans(writer: ProtoWriter, field: number, spans: readonly BucketSpan[]): void {
  for (const { offset, length } of spans) {
    writer.message(field, () => {
      writer.sint(1, offset);
      writer.uint(2, length);
    });
  }
}
