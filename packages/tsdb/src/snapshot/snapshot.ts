/** The whole head in a file, so that the log before it can go. Written piece by piece beside what goes on; a reader finds
 *  what came meanwhile in the log a second time, which changes nothing. */
import { join } from 'node:path';
import { syncFolder, writeWhole } from '@vigie/core/durable-files';
import { TsdbVersionError } from '../errors.ts';
import type { TsdbFile, TsdbFs } from '../fs.ts';
import type { Head } from '../head/head.ts';
import { NO_SLOT } from '../head/series-table.ts';
import { BodyReader, BodyWriter } from '../wal/body-writer.ts';
import { decodeFileHeader, encodeFileHeader, FILE_HEADER_BYTES, readFrame } from '../wal/frames.ts';
import * as records from '../wal/records.ts';
import type { Damage } from '../wal/replay.ts';
import { SNAPSHOT_MAGIC, snapshotName } from '../wal/segment-files.ts';
import { readGroup, writeGroup } from './groups.ts';

const GROUP_RECORD = 16;
const END_RECORD = 17;
/** Collected before it is written. */
const WRITE_BYTES = 1024 ** 2;

/** @param segment the first one that is not wholly in it
 *  @returns its size
 *  @throws what the file system throws, and the signal's reason; the file is not there then
 *  Cost: about 2 us a series, in pieces of a few ms. */
export async function writeSnapshot(
  head: Head,
  folder: string,
  segment: number,
  fs: TsdbFs,
  signal: AbortSignal,
): Promise<number> {
  const path = join(folder, snapshotName(segment));
  const temporary = `${path}.tmp`;
  const file = await fs.open(temporary, 'w', 0o600);
  let sizeBytes: number;
  try {
    sizeBytes = await writeRecords(head, file, signal);
    await file.sync();
  } catch (error) {
    await file.close();
    await fs.unlink(temporary).catch(() => undefined);
    throw error;
  }
  await file.close();
  await fs.rename(temporary, path);
  await syncFolder(fs, folder);
  return sizeBytes;
}

async function writeRecords(head: Head, file: TsdbFile, signal: AbortSignal): Promise<number> {
  await writeWhole(file, encodeFileHeader(SNAPSHOT_MAGIC), 0);
  let position = FILE_HEADER_BYTES;
  let spare: Buffer | undefined;
  const writer = new BodyWriter();
  const flush = async (atLeast: number): Promise<void> => {
    if (writer.length < atLeast) return;
    signal.throwIfAborted();
    const bytes = writer.take(spare);
    await writeWhole(file, bytes, position);
    position += bytes.length;
    spare = Buffer.from(bytes.buffer);
  };
  let groups = 0;
  let series = 0;
  for (let slot = 0; slot < head.table.slots; ) {
    writer.begin();
    const written = writeGroup(head, slot, writer);
    writer.end(GROUP_RECORD);
    slot = written.nextSlot;
    series += written.series;
    groups++;
    await flush(WRITE_BYTES);
  }
  for (const metadata of head.metadata.query({ metric: undefined, limit: undefined, limitPerMetric: undefined })) {
    writer.begin();
    records.writeMetadata(writer, metadata);
    writer.end(records.METADATA_RECORD);
  }
  for (const [ref, exemplar] of head.exemplars.entries()) {
    if (head.table.resolve(ref) === NO_SLOT) continue;
    writer.begin();
    records.writeExemplar(writer, ref, exemplar);
    writer.end(records.EXEMPLAR_RECORD);
    await flush(WRITE_BYTES);
  }
  writer.begin();
  writer.word(groups);
  writer.word(series);
  writer.end(END_RECORD);
  await flush(0);
  return position;
}

export interface SnapshotRead {
  /** Whether all of it was there. */
  readonly isWhole: boolean;
  readonly series: number;
  /** In what is damaged; undefined where its end is, which says how many there should be. */
  readonly lostSeries: number | undefined;
}

/** Puts what a snapshot holds into an empty head.
 *  @param bytes at a multiple of eight in memory
 *  @param pause lets others run, after each group of half a MiB
 *  @throws {TsdbVersionError} */
export async function readSnapshot(
  head: Head,
  name: string,
  bytes: Buffer,
  damages: Damage[],
  pause: () => Promise<void>,
): Promise<SnapshotRead> {
  const header = decodeFileHeader(SNAPSHOT_MAGIC, bytes);
  if (header.status === 'newer') throw new TsdbVersionError(name, header.version);
  const damaged = (fromByte: number, size: number): void => {
    damages.push({ file: name, fromByte, bytes: size, reason: 'corrupt' });
  };
  if (header.status === 'damaged') damaged(0, Math.min(bytes.length, FILE_HEADER_BYTES));
  let series = 0;
  let said: number | undefined;
  for (let at = FILE_HEADER_BYTES; ; ) {
    const frame = readFrame(bytes, at);
    if (frame.status === 'end') break;
    const reader = frame.status === 'record' ? new BodyReader(bytes, frame.bodyAt, frame.bodyBytes) : undefined;
    const type = frame.status === 'record' ? frame.type : undefined;
    let isUnderstood = false;
    if (reader !== undefined && type === GROUP_RECORD) {
      const read = readGroup(head, reader);
      isUnderstood = read !== undefined;
      series += read ?? 0;
      await pause();
    } else if (reader !== undefined && type === END_RECORD) {
      reader.word();
      said = reader.word();
      isUnderstood = reader.isWhole;
    } else if (reader !== undefined && type === records.METADATA_RECORD) {
      const metadata = records.readMetadata(reader);
      isUnderstood = metadata !== undefined;
      if (metadata !== undefined) head.setMetadata(metadata);
    } else if (reader !== undefined && type === records.EXEMPLAR_RECORD) {
      const read = records.readExemplar(reader);
      isUnderstood = read !== undefined;
      if (read !== undefined) head.addExemplar(read.ref, read.exemplar);
    }
    if (!isUnderstood) damaged(at, frame.end - at);
    at = frame.end;
  }
  if (said === undefined && bytes.length >= FILE_HEADER_BYTES) damaged(bytes.length, 0);
  const lostSeries = said === undefined ? undefined : Math.max(0, said - series);
  return { isWhole: header.status === 'ok' && said !== undefined && lostSeries === 0, series, lostSeries };
}
