/** Writes write requests of both protocols; compressing them is snappy's (`@vigie/wire/snappy`). */
import type { Exemplar } from '../exposition/entry.ts';
import type { SeriesLabels } from '../exposition/series-labels.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import { type TimedHistogram, writeHistogram } from './histogram-message.ts';
import { type RemoteWriteVersion, WRITTEN_TYPES } from './protocol.ts';
import type { WrittenMetadata } from './write-columns.ts';

export interface WrittenSeries {
  readonly labels: SeriesLabels;
  /** Sent as they are, the bits of a NaN included. */
  readonly values: Float64Array;
  /** Unix ms, as many as values. */
  readonly timestampsMs: Float64Array;
  /** Unix ms, 0 for none, as many as values; only protocol 2.0 carries them. */
  readonly startTimestampsMs?: Float64Array;
  readonly histograms?: readonly TimedHistogram[];
  /** Without a time of its own, an exemplar has the time 0. */
  readonly exemplars?: readonly Exemplar[];
}

/** @param metadata of families: protocol 1.0 sends them in requests of their own as a rule, protocol 2.0 with the series whose
 *  name is the family's
 *  @returns the message, not compressed */
export function encodeWriteRequest(
  version: RemoteWriteVersion,
  series: readonly WrittenSeries[],
  metadata: readonly WrittenMetadata[] = [],
): Buffer {
  return version === '1.0' ? encodeV1(series, metadata) : new RequestV2(metadata).encode(series);
}

function encodeV1(series: readonly WrittenSeries[], metadata: readonly WrittenMetadata[]): Buffer {
  const writer = new ProtoWriter();
  for (const one of series) {
    writer.message(1, () => {
      writeLabels(writer, one.labels);
      writeSamples(writer, one, false);
      for (const { labels, value, timestampMs } of one.exemplars ?? []) {
        writer.message(3, () => {
          writeLabels(writer, labels);
          writer.double(2, value);
          writer.int64(3, BigInt(timestampMs ?? 0));
        });
      }
      for (const histogram of one.histograms ?? []) {
        writer.message(4, () => writeHistogram(writer, { ...histogram, startTimestampMs: 0 }));
      }
    });
  }
  for (const { family, type, help, unit } of metadata) {
    writer.message(3, () => {
      writer.uint(1, WRITTEN_TYPES.indexOf(type));
      writer.string(2, family);
      writer.string(4, help);
      writer.string(5, unit);
    });
  }
  return writer.finish();
}

function writeLabels(writer: ProtoWriter, labels: SeriesLabels): void {
  for (let at = 0; at < labels.length; at += 2) {
    writer.message(1, () => {
      writer.string(1, labels[at]!);
      writer.string(2, labels[at + 1]!);
    });
  }
}

function writeSamples(
  writer: ProtoWriter,
  { values, timestampsMs, startTimestampsMs }: WrittenSeries,
  withStart: boolean,
): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
  for (const [row, timestampMs] of timestampsMs.entries()) {
    writer.message(2, () => {
      writer.doubleBits(1, bits[2 * row]!, bits[2 * row + 1]!);
      writeTime(writer, 2, timestampMs);
      const startTimestampMs = startTimestampsMs?.[row] ?? 0;
      if (withStart && startTimestampMs !== 0) writeTime(writer, 3, startTimestampMs);
    });
  }
}

/** Positive ones take no BigInt. */
function writeTime(writer: ProtoWriter, field: number, timeMs: number): void {
  if (timeMs >= 0) writer.uint(field, timeMs);
  else writer.int64(field, BigInt(timeMs));
}

/** Symbols are known when the series are written, and stand before them. */
class RequestV2 {
  readonly #series = new ProtoWriter();
  /** The empty text is the first, by the specification. */
  readonly #symbols = new Map<string, number>([['', 0]]);
  readonly #metadata: ReadonlyMap<string, WrittenMetadata>;

  constructor(metadata: readonly WrittenMetadata[]) {
    this.#metadata = new Map(metadata.map((one) => [one.family, one]));
  }

  encode(series: readonly WrittenSeries[]): Buffer {
    for (const one of series) this.#series.message(5, () => this.#write(one));
    const writer = new ProtoWriter();
    for (const symbol of this.#symbols.keys()) writer.string(4, symbol);
    writer.raw(this.#series.written);
    return writer.finish();
  }

  #write(one: WrittenSeries): void {
    const writer = this.#series;
    writer.packed(
      1,
      'uint',
      one.labels.map((text) => this.#ref(text)),
    );
    writeSamples(writer, one, true);
    for (const histogram of one.histograms ?? []) writer.message(3, () => writeHistogram(writer, histogram));
    for (const { labels, value, timestampMs } of one.exemplars ?? []) {
      const refs = labels.map((text) => this.#ref(text));
      writer.message(4, () => {
        writer.packed(1, 'uint', refs);
        writer.double(2, value);
        writer.int64(3, BigInt(timestampMs ?? 0));
      });
    }
    const metadata = this.#metadata.get(nameOf(one.labels));
    if (metadata === undefined) return;
    const [helpRef, unitRef] = [this.#ref(metadata.help), this.#ref(metadata.unit)];
    writer.message(5, () => {
      writer.uint(1, WRITTEN_TYPES.indexOf(metadata.type));
      writer.uint(3, helpRef);
      writer.uint(4, unitRef);
    });
  }

  #ref(text: string): number {
    const known = this.#symbols.get(text);
    if (known !== undefined) return known;
    const ref = this.#symbols.size;
    this.#symbols.set(text, ref);
    return ref;
  }
}

function nameOf(labels: SeriesLabels): string {
  for (let at = 0; at < labels.length; at += 2) if (labels[at] === '__name__') return labels[at + 1]!;
  return '';
}
