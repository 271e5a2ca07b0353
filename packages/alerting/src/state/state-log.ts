/** The log of what is to be kept over a restart, and its snapshots. Layout and promises: docs/formats/alerting-state.md. */
import { join } from 'node:path';
import { coalesce } from '@vigie/core/coalesce';
import { syncFolder, writeWhole } from '@vigie/core/durable-files';
import { errorCode, VigieError } from '@vigie/core/errors';
import { checkedLine } from './checked-lines.ts';
import { LOG_HEADER, readState, SNAPSHOT, segmentName, snapshotHeader } from './read-state.ts';
import type { StateFile, StateFs } from './state-fs.ts';
import { encodeStateRecord, type StateRecord } from './state-record.ts';

/** A snapshot follows when the log has grown beyond it and beyond this: 20,000 alerts that came again. */
const SMALLEST_LOG_BYTES = 8 * 2 ** 20;
/** Records of a snapshot that are written at once: 1 MB, 5 ms. Others have their turn in between. */
const RECORDS_A_WRITE = 2000;

export interface OpenedState {
  readonly log: StateLog;
  /** In the order in which they were written. */
  readonly records: readonly StateRecord[];
  /** Lines that could not be read. */
  readonly damaged: number;
}

/** @param folder is made where it is missing
 *  @throws {VigieError} ALERTING_STATE, of a later version
 *  @throws what the file system throws */
export async function openState(folder: string, fs: StateFs): Promise<OpenedState> {
  const { records, damaged, nextSegment, segments, sizeBytes } = await readState(folder, fs);
  return { log: new StateLog(folder, fs, { nextSegment, segments, sizeBytes }), records, damaged };
}

export interface StateLogCounts {
  records: number;
  writes: number;
  failedWrites: number;
  snapshots: number;
  failedSnapshots: number;
}

/** Of the log, from one segment to the next. */
interface Turn {
  /** The next. */
  readonly segment: number;
  readonly replaced: readonly number[];
  readonly logBytes: number;
  readonly hadGap: boolean;
}

export class StateLog {
  readonly counts: StateLogCounts = { records: 0, writes: 0, failedWrites: 0, snapshots: 0, failedSnapshots: 0 };
  readonly #folder: string;
  readonly #fs: StateFs;
  readonly #flush = coalesce(() => this.#write());
  #pending: string[] = [];
  #nextSegment: number;
  /** Those that there are. */
  #segments: readonly number[];
  #current: { readonly file: StateFile; sizeBytes: number } | undefined;
  #logBytes: number;
  #snapshotBytes = 0;
  /** Something was not written: what is on the disk has a gap, which the next snapshot closes. */
  #hasGap = false;
  /** Set to be called by the next write, when it has ended its segment. */
  #onTurn: ((turn: Turn) => void) | undefined;

  constructor(
    folder: string,
    fs: StateFs,
    begun: { readonly nextSegment: number; readonly segments: readonly number[]; readonly sizeBytes: number },
  ) {
    this.#folder = folder;
    this.#fs = fs;
    this.#nextSegment = begun.nextSegment;
    this.#segments = begun.segments;
    this.#logBytes = begun.sizeBytes;
  }

  /** Bytes of the log since the last snapshot. */
  get sizeBytes(): number {
    return this.#logBytes;
  }

  /** Whether a write has failed, and no snapshot has followed yet. */
  get hasGap(): boolean {
    return this.#hasGap;
  }

  get wantsSnapshot(): boolean {
    return this.#hasGap || this.#logBytes > Math.max(SMALLEST_LOG_BYTES, 2 * this.#snapshotBytes);
  }

  /** Resolves when they are on the disk. One write and fsync runs at a time; all that comes meanwhile shares the next.
   *  @throws {VigieError} ALERTING_STATE_UNWRITABLE: they are not there until the next snapshot */
  append(records: Iterable<StateRecord>): Promise<void> {
    for (const record of records) {
      this.#pending.push(checkedLine(encodeStateRecord(record)));
      this.counts.records += 1;
    }
    return this.#flush();
  }

  /** Writes what is now, and drops the log that has led there.
   *  @param records of all that is: asked for when later changes go to a new segment of the log, so that it may change meanwhile
   *  @throws {VigieError} ALERTING_STATE_UNWRITABLE: what was there before stays valid */
  async snapshot(records: () => Iterable<StateRecord>): Promise<void> {
    const turn = await this.#turn();
    try {
      this.#snapshotBytes = await this.#writeSnapshot(turn.segment, records());
      this.#logBytes -= turn.logBytes;
      for (const number of turn.replaced) await unlinkIfThere(join(this.#folder, segmentName(number)), this.#fs);
      this.#segments = this.#segments.filter((number) => number >= turn.segment);
      this.counts.snapshots += 1;
    } catch (error) {
      this.#hasGap ||= turn.hadGap;
      this.counts.failedSnapshots += 1;
      throw unwritable(this.#folder, error);
    }
  }

  /** What has been appended is written first. */
  async close(): Promise<void> {
    await this.#flush().catch(() => undefined);
    await this.#endSegment();
  }

  /** A write may be under way: a segment ends between two. */
  #turn(): Promise<Turn> {
    return new Promise((resolve) => {
      this.#onTurn = resolve;
      this.#flush().catch(() => undefined);
    });
  }

  async #write(): Promise<void> {
    try {
      if (this.#pending.length > 0) await this.#writePending();
    } finally {
      const onTurn = this.#onTurn;
      if (onTurn !== undefined) {
        this.#onTurn = undefined;
        await this.#endSegment();
        const [segment, replaced, logBytes] = [this.#nextSegment, this.#segments, this.#logBytes];
        onTurn({ segment, replaced, logBytes, hadGap: this.#hasGap });
        this.#hasGap = false;
      }
    }
  }

  async #writePending(): Promise<void> {
    const lines = this.#pending;
    this.#pending = [];
    try {
      this.#current ??= await this.#beginSegment();
      const current = this.#current;
      const bytes = Buffer.from(lines.join(''));
      await writeWhole(current.file, bytes, current.sizeBytes);
      await current.file.sync();
      current.sizeBytes += bytes.length;
      this.#logBytes += bytes.length;
      this.counts.writes += 1;
    } catch (error) {
      this.counts.failedWrites += 1;
      this.#hasGap = true;
      // Nobody knows what the disk has of it.
      await this.#endSegment();
      throw unwritable(this.#folder, error);
    }
  }

  async #beginSegment() {
    const segment = this.#nextSegment;
    const file = await this.#fs.open(join(this.#folder, segmentName(segment)), 'w', 0o600);
    this.#nextSegment += 1;
    this.#segments = [...this.#segments, segment];
    const header = Buffer.from(checkedLine(LOG_HEADER));
    try {
      await writeWhole(file, header, 0);
      await syncFolder(this.#fs, this.#folder);
    } catch (error) {
      await file.close();
      throw error;
    }
    return { file, sizeBytes: header.length };
  }

  async #endSegment(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    await current?.file.close().catch(() => undefined);
  }

  /** @returns its size in bytes */
  async #writeSnapshot(segment: number, records: Iterable<StateRecord>): Promise<number> {
    const path = join(this.#folder, SNAPSHOT);
    const file = await this.#fs.open(`${path}.tmp`, 'w', 0o600);
    let sizeBytes = 0;
    const put = async (lines: readonly string[]): Promise<void> => {
      const bytes = Buffer.from(lines.join(''));
      await writeWhole(file, bytes, sizeBytes);
      sizeBytes += bytes.length;
    };
    try {
      let lines = [checkedLine(snapshotHeader(segment))];
      for (const record of records) {
        lines.push(checkedLine(encodeStateRecord(record)));
        if (lines.length < RECORDS_A_WRITE) continue;
        await put(lines);
        lines = [];
      }
      await put(lines);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#fs.rename(`${path}.tmp`, path);
    await syncFolder(this.#fs, this.#folder);
    return sizeBytes;
  }
}

async function unlinkIfThere(path: string, fs: StateFs): Promise<void> {
  try {
    await fs.unlink(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

function unwritable(folder: string, cause: unknown): VigieError {
  return new VigieError(
    'ALERTING_STATE_UNWRITABLE',
    `cannot write the state of alerts in ${folder}: it is in memory, and a restart would not have it`,
    { cause },
  );
}
