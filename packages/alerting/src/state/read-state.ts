/** Reads what an alerting service before has kept: the snapshot, then what was logged behind it. Layout: docs/formats/alerting-state.md. */
import { join } from 'node:path';
import { cutFile } from '@vigie/core/durable-files';
import { errorCode, VigieError } from '@vigie/core/errors';
import * as v from 'valibot';
import { readCheckedLines } from './checked-lines.ts';
import type { StateFs } from './state-fs.ts';
import { decodeStateRecord, type StateRecord } from './state-record.ts';

export const SNAPSHOT = 'state.snapshot';
export const LOG_HEADER = '{"vigie-alerting-log":1}';
const SEGMENT = /^(\d{8})\.log$/;

export function segmentName(segment: number): string {
  return `${String(segment).padStart(8, '0')}.log`;
}

/** The first line of a snapshot.
 *  @param segment of the log, from which on it has nothing */
export function snapshotHeader(segment: number): string {
  return JSON.stringify({ 'vigie-alerting-snapshot': 1, segment });
}

const snapshotHeaderSchema = v.strictObject({
  'vigie-alerting-snapshot': v.literal(1),
  segment: v.pipe(v.number(), v.integer(), v.minValue(0)),
});

export interface ReadState {
  readonly records: readonly StateRecord[];
  /** Lines that could not be read, torn ends of writes not among them. */
  readonly damaged: number;
  /** Free, and above all before. */
  readonly nextSegment: number;
  /** The segments that there are. */
  readonly segments: readonly number[];
  readonly sizeBytes: number;
}

/** Cuts off what a write that was interrupted has left behind the last whole line of the log.
 *  @throws {VigieError} ALERTING_STATE, of a later version
 *  @throws what the file system throws: to begin without the state would tell of everything again */
export async function readState(folder: string, fs: StateFs): Promise<ReadState> {
  await fs.mkdir(folder, { recursive: true });
  const names = await fs.readdir(folder);
  const all = names.flatMap((name) => SEGMENT.exec(name)?.[1] ?? []).map(Number);
  const segments = all.sort((a, b) => a - b);
  const records: StateRecord[] = [];
  const snapshot = await readSnapshot(join(folder, SNAPSHOT), fs);
  let { damaged, sizeBytes } = snapshot;
  take(snapshot.texts);
  for (const segment of segments.filter((number) => number >= snapshot.segment)) {
    const path = join(folder, segmentName(segment));
    const bytes = await fs.readFile(path);
    const lines = readCheckedLines(bytes);
    if (lines.endByte < bytes.length) await cutFile(fs, path, lines.endByte);
    const [header, ...texts] = lines.texts;
    if (header !== undefined) checkVersion(header, LOG_HEADER, path);
    damaged += lines.damaged;
    sizeBytes += lines.endByte;
    take(texts);
  }
  return { records, damaged, nextSegment: Math.max(snapshot.segment, (segments.at(-1) ?? 0) + 1), segments, sizeBytes };

  function take(texts: readonly string[]): void {
    for (const text of texts) {
      const record = decodeStateRecord(text);
      if (record === undefined) damaged += 1;
      else records.push(record);
    }
  }
}

async function readSnapshot(path: string, fs: StateFs) {
  let bytes: Buffer;
  try {
    bytes = await fs.readFile(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return { texts: [], damaged: 0, segment: 0, sizeBytes: 0 };
    throw error;
  }
  const { texts, damaged, endByte } = readCheckedLines(bytes);
  const [header = '', ...rest] = texts;
  const segment = segmentOf(header);
  // It was renamed when it was whole: an end that is missing is damage.
  const cutOff = endByte < bytes.length ? 1 : 0;
  if (segment !== undefined) return { texts: rest, damaged: damaged + cutOff, segment, sizeBytes: bytes.length };
  if (/"vigie-alerting-snapshot":/.test(header)) checkVersion(header, snapshotHeader(0), path);
  // The header is damaged, the records may not be; what is logged beside it comes behind them.
  return { texts, damaged: damaged + 1, segment: 0, sizeBytes: bytes.length };
}

function segmentOf(header: string): number | undefined {
  try {
    const decoded = v.safeParse(snapshotHeaderSchema, JSON.parse(header));
    return decoded.success ? decoded.output.segment : undefined;
  } catch {
    return undefined;
  }
}

function checkVersion(found: string, expected: string, path: string): void {
  if (found === expected) return;
  throw new VigieError(
    'ALERTING_STATE',
    `${path} begins with ${found.slice(0, 80)}, not ${expected}: it is of another version of Vigie; use that one, or move the file away`,
  );
}
