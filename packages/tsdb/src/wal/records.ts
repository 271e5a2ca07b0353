/** What the records of a log say. Layout: docs/formats/tsdb-wal.md. Pure. */
import type { Histogram } from '@vigie/promql/histogram/histogram';
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { Exemplar, MetricMetadata } from '@vigie/promql/storage/querier';
import { decodeHistograms, encodeHistograms } from '../chunk/histogram-stream.ts';
import type { FloatColumns, HistogramSample } from '../head/journal.ts';
import type { SeriesRef } from '../head/series-table.ts';
import type { BodyReader, BodyWriter } from './body-writer.ts';

export const SERIES_RECORD = 1;
export const FLOATS_RECORD = 2;
export const HISTOGRAMS_RECORD = 3;
export const EXEMPLAR_RECORD = 4;
export const METADATA_RECORD = 5;
export const LATE_HISTOGRAMS_RECORD = 6;

const ONE_TIME = 1;
const LATE = 2;
const WITH_STARTS = 4;

export function writeLabels(writer: BodyWriter, labels: LabelSet): void {
  writer.word(labels.size);
  for (let index = 0; index < labels.size; index++) {
    writer.text(labels.names[index]!);
    writer.text(labels.values[index]!);
  }
}

/** @returns undefined where they are none that a series can have */
export function readLabels(reader: BodyReader): LabelSet | undefined {
  const count = reader.word();
  const names: string[] = [];
  const values: string[] = [];
  for (let index = 0; index < count && reader.isWhole; index++) {
    names.push(reader.text());
    values.push(reader.text());
    if (values[index] === '' || names[index]! <= (names[index - 1] ?? '')) return undefined;
  }
  return reader.isWhole ? LabelSet.ofSorted(names, values) : undefined;
}

/** The columns as they are: doubles first, so that they lie at multiples of eight. */
export function writeFloats(writer: BodyWriter, columns: FloatColumns, isLate: boolean): void {
  const { count, refs, timestampsMs, values, startTimestampsMs } = columns;
  const times = timestampsMs.subarray(0, count);
  const isOneTime = areEqual(times);
  const starts = startTimestampsMs?.subarray(0, count);
  writer.word(count);
  writer.word((isOneTime ? ONE_TIME : 0) | (isLate ? LATE : 0) | (starts === undefined ? 0 : WITH_STARTS));
  writer.column(isOneTime ? times.subarray(0, 1) : times);
  writer.column(values.subarray(0, count));
  if (starts !== undefined) writer.column(starts);
  writer.column(refs.subarray(0, count));
}

/** Without a call for each, whose argument would be an object. */
function areEqual(numbers: Float64Array): boolean {
  for (let index = 1; index < numbers.length; index++) if (numbers[index] !== numbers[0]) return false;
  return true;
}

/** Views of the body but for a single time, which is spread. @returns undefined where the body does not fit its count */
export function readFloats(
  reader: BodyReader,
): { readonly columns: FloatColumns; readonly isLate: boolean } | undefined {
  const count = reader.word();
  const flags = reader.word();
  if (count === 0 || count * 12 > reader.bytesLeft) return undefined;
  const isOneTime = (flags & ONE_TIME) !== 0;
  const times = reader.doubles(isOneTime ? 1 : count);
  const values = reader.doubles(count);
  const startTimestampsMs = (flags & WITH_STARTS) !== 0 ? reader.doubles(count) : undefined;
  const refs = reader.words(count);
  if (!reader.isWhole) return undefined;
  const timestampsMs = isOneTime ? new Float64Array(count).fill(times[0]!) : times;
  return { columns: { count, refs, timestampsMs, values, startTimestampsMs }, isLate: (flags & LATE) !== 0 };
}

export function writeHistogram(writer: BodyWriter, sample: HistogramSample): void {
  const { ref, timestampMs, histogram, startTimestampMs } = sample;
  const stream = encodeHistograms([{ timestampMs, histogram }], Number.POSITIVE_INFINITY);
  if (stream === undefined) return;
  writer.word(ref);
  writer.double(startTimestampMs);
  writer.word(stream.length);
  writer.column(stream);
}

export function readHistograms(reader: BodyReader): readonly HistogramSample[] {
  const samples: HistogramSample[] = [];
  while (reader.bytesLeft > 0) {
    const ref = reader.word();
    const startTimestampMs = reader.double();
    const [sample] = decodeHistograms(reader.bytes(reader.word()), 1);
    if (!reader.isWhole || sample === undefined) break;
    const { timestampMs, histogram }: { timestampMs: number; histogram: Histogram } = sample;
    samples.push({ ref, timestampMs, histogram, startTimestampMs });
  }
  return samples;
}

export function writeExemplar(writer: BodyWriter, ref: SeriesRef, exemplar: Exemplar): void {
  writer.word(ref);
  writer.double(exemplar.timestampMs);
  writer.double(exemplar.value);
  writeLabels(writer, exemplar.labels);
}

export function readExemplar(reader: BodyReader): { readonly ref: SeriesRef; readonly exemplar: Exemplar } | undefined {
  const ref = reader.word();
  const timestampMs = reader.double();
  const value = reader.double();
  const labels = readLabels(reader);
  return labels === undefined ? undefined : { ref, exemplar: { labels, value, timestampMs } };
}

export function writeMetadata(writer: BodyWriter, { metric, type, help, unit }: MetricMetadata): void {
  for (const text of [metric, type, help, unit]) writer.text(text);
}

export function readMetadata(reader: BodyReader): MetricMetadata | undefined {
  const [metric, type, help, unit] = [reader.text(), reader.text(), reader.text(), reader.text()];
  return reader.isWhole ? { metric, type, help, unit } : undefined;
}
