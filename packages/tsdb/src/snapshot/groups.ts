/** Series with all their chunks, in groups that stand alone: each has the texts it needs, so that a damaged group costs its
 *  own series. Layout: docs/formats/tsdb-snapshot.md. */
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { BlockRef } from '../arena.ts';
import { type ChunkHead, FLOATS, HISTOGRAMS, PACKED } from '../chunk/chunks.ts';
import { SAMPLES_PER_CHUNK } from '../chunk/xor.ts';
import type { Head } from '../head/head.ts';
import { slotOf } from '../head/series-table.ts';
import type { BodyReader, BodyWriter } from '../wal/body-writer.ts';

/** Larger groups share more texts; a smaller one is written in a ms. */
const GROUP_BYTES = 512 * 1024;
const GROUP_SERIES = 1024;

/** Writes a record's body: series from the slot on, as many as a group takes.
 *  @returns the slot to go on with, and how many there are */
export function writeGroup(
  head: Head,
  fromSlot: number,
  writer: BodyWriter,
): { readonly nextSlot: number; readonly series: number } {
  const { table, store, symbols } = head;
  const texts = new Map<number, number>();
  const slots: number[] = [];
  let slot = fromSlot;
  let bytes = 0;
  for (; slot < table.slots && slots.length < GROUP_SERIES && bytes < GROUP_BYTES; slot++) {
    if (!table.isLive(slot)) continue;
    slots.push(slot);
    for (const symbol of table.pairs(slot)) if (!texts.has(symbol)) texts.set(symbol, texts.size);
    for (let chunk = table.chunk[slot]!; chunk !== 0; chunk = store.chunks.olderThan(chunk))
      bytes += store.chunks.streamBytes(chunk);
  }
  writer.word(texts.size);
  for (const symbol of texts.keys()) writer.text(symbols.text(symbol));
  writer.word(slots.length);
  for (const each of slots) {
    const pairs = table.pairs(each);
    writer.word(table.refOf(each));
    writer.word(pairs.length / 2);
    for (const symbol of pairs) writer.word(texts.get(symbol)!);
    writeChunks(head, each, writer);
  }
  return { nextSlot: slot, series: slots.length };
}

function writeChunks({ table, store }: Head, slot: number, writer: BodyWriter): void {
  const { chunks } = store;
  const chain: BlockRef[] = [];
  for (let chunk = table.chunk[slot]!; chunk !== 0; chunk = chunks.olderThan(chunk)) chain.push(chunk);
  for (const chunk of chain.reverse()) {
    const head = {
      encoding: chunks.encodingOf(chunk),
      count: chunks.samplesOf(chunk),
      firstMs: chunks.firstMs(chunk),
      lastMs: chunks.lastMs(chunk),
      startMs: chunks.startMs(chunk),
    };
    writeChunk(writer, head, chunks.stream(chunk));
  }
  store.uncompressed(slot, (head, stream) => writeChunk(writer, head, stream));
  writer.word(NO_MORE);
}

const NO_MORE = 0;

function writeChunk(
  writer: BodyWriter,
  { encoding, count, firstMs, lastMs, startMs }: ChunkHead,
  stream: Uint8Array,
): void {
  writer.word(encoding);
  writer.word(count);
  writer.word(stream.length);
  writer.double(firstMs);
  writer.double(lastMs);
  writer.double(startMs);
  writer.column(stream);
}

/** @returns how many series it has; undefined where the body is none, though what was read until there is kept */
export function readGroup(head: Head, reader: BodyReader): number | undefined {
  const texts: string[] = [];
  const textCount = reader.word();
  for (let index = 0; index < textCount && reader.isWhole; index++) texts.push(reader.text());
  const series = reader.word();
  for (let index = 0; index < series; index++) {
    if (!reader.isWhole || !readSeries(head, texts, reader)) return undefined;
  }
  return series;
}

function readSeries(head: Head, texts: readonly string[], reader: BodyReader): boolean {
  const ref = reader.word();
  const labels = reader.word();
  const names: string[] = [];
  const values: string[] = [];
  for (let index = 0; index < labels; index++) {
    const name = texts[reader.word()];
    const value = texts[reader.word()];
    const isSound = reader.isWhole && name !== undefined && value !== undefined;
    if (!isSound || value === '' || name <= (names.at(-1) ?? '')) return false;
    names.push(name);
    values.push(value);
  }
  if (!reader.isWhole) return false;
  head.restore(ref, LabelSet.ofSorted(names, values));
  const slot = slotOf(ref);
  let newestMs = head.table.lastMs[slot]!;
  for (let encoding = reader.word(); encoding !== NO_MORE; encoding = reader.word()) {
    const count = reader.word();
    const streamBytes = reader.word();
    const [firstMs, lastMs, startMs] = [reader.double(), reader.double(), reader.double()];
    const stream = reader.bytes(streamBytes);
    if (!reader.isWhole || (encoding !== FLOATS && encoding !== HISTOGRAMS && encoding !== PACKED)) return false;
    if (count === 0 || count > SAMPLES_PER_CHUNK || streamBytes === 0) return false;
    if (!(firstMs > newestMs && lastMs >= firstMs)) return false;
    head.store.restoreChunk(slot, { encoding, count, firstMs, lastMs, startMs }, stream);
    head.noteTime(firstMs);
    head.noteTime(lastMs);
    newestMs = lastMs;
  }
  return reader.isWhole;
}
