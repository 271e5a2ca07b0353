/** Reads segments back into a head. What is damaged is passed over, and told. */
import { TsdbVersionError } from '../errors.ts';
import type { Head } from '../head/head.ts';
import { BodyReader } from './body-writer.ts';
import { decodeFileHeader, FILE_HEADER_BYTES, readFrame } from './frames.ts';
import * as records from './records.ts';
import { SEGMENT_MAGIC } from './segment-files.ts';

/** A stretch of a file that could not be read. */
export interface Damage {
  readonly file: string;
  readonly fromByte: number;
  readonly bytes: number;
  /** `torn`: at the end of the last segment, where a process or machine stopped while it wrote. */
  readonly reason: 'torn' | 'corrupt';
}

export interface ReplayCounts {
  records: number;
  samples: number;
  /** Of series whose definition is in no record that could be read. */
  unknownSamples: number;
  readonly damages: Damage[];
}

/** Between two looks at the event loop: some 10 ms. */
const BYTES_AT_ONCE = 512 * 1024;

/** @param bytes of the whole segment, at a multiple of eight in memory
 *  @param isLast no segment follows: what is damaged up to its end is torn
 *  @returns how long the segment is without what is torn
 *  @throws {TsdbVersionError} where a later version of Vigie has written it
 *  @param pause lets others run
 *  Cost: some 100 ns a sample, and no object for one. */
export async function replaySegment(
  head: Head,
  file: string,
  bytes: Buffer,
  isLast: boolean,
  counts: ReplayCounts,
  pause: () => Promise<void>,
): Promise<number> {
  const header = decodeFileHeader(SEGMENT_MAGIC, bytes);
  if (header.status === 'newer') throw new TsdbVersionError(file, header.version);
  // Records are found without their file's header, too.
  if (header.status === 'damaged') {
    const isTorn = isLast && bytes.length <= FILE_HEADER_BYTES;
    counts.damages.push({
      file,
      fromByte: 0,
      bytes: Math.min(bytes.length, FILE_HEADER_BYTES),
      reason: isTorn ? 'torn' : 'corrupt',
    });
  }
  let pausedAt = 0;
  for (let at = FILE_HEADER_BYTES; ; ) {
    if (at - pausedAt >= BYTES_AT_ONCE) {
      await pause();
      pausedAt = at;
    }
    const frame = readFrame(bytes, at);
    if (frame.status === 'end') return Math.max(bytes.length, FILE_HEADER_BYTES);
    if (frame.status === 'record') {
      const isUnderstood = apply(head, frame.type, new BodyReader(bytes, frame.bodyAt, frame.bodyBytes), counts);
      if (isUnderstood) counts.records++;
      else counts.damages.push({ file, fromByte: at, bytes: frame.end - at, reason: 'corrupt' });
    } else {
      const isTorn = isLast && frame.end >= bytes.length;
      counts.damages.push({ file, fromByte: at, bytes: frame.end - at, reason: isTorn ? 'torn' : 'corrupt' });
      if (isTorn) return at;
    }
    at = frame.end;
  }
}

/** @returns whether the record says something */
function apply(head: Head, type: number, reader: BodyReader, counts: ReplayCounts): boolean {
  switch (type) {
    case records.SERIES_RECORD:
      while (reader.bytesLeft > 0) {
        const ref = reader.word();
        const labels = records.readLabels(reader);
        if (labels === undefined) return false;
        head.restore(ref, labels);
      }
      return true;
    case records.FLOATS_RECORD: {
      const floats = records.readFloats(reader);
      if (floats === undefined) return false;
      counts.samples += floats.columns.count;
      counts.unknownSamples += head.replay(floats.columns, floats.isLate);
      return true;
    }
    case records.HISTOGRAMS_RECORD:
    case records.LATE_HISTOGRAMS_RECORD: {
      const samples = records.readHistograms(reader);
      counts.samples += samples.length;
      counts.unknownSamples += head.replayHistograms(samples, type === records.LATE_HISTOGRAMS_RECORD);
      return samples.length > 0;
    }
    case records.EXEMPLAR_RECORD: {
      const read = records.readExemplar(reader);
      if (read !== undefined) head.addExemplar(read.ref, read.exemplar);
      return read !== undefined;
    }
    case records.METADATA_RECORD: {
      const metadata = records.readMetadata(reader);
      if (metadata !== undefined) head.setMetadata(metadata);
      return metadata !== undefined;
    }
    default:
      return false;
  }
}

/** Where columns of doubles can be read in place: a small file's bytes may come from the middle of a pool. */
export function aligned(bytes: Uint8Array): Buffer {
  if (bytes.byteOffset % 8 === 0) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const copy = new Uint8Array(bytes.byteLength);
  copy.set(bytes);
  return Buffer.from(copy.buffer);
}
