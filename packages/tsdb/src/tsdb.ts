/** The embedded time-series database: a head in memory, a log and snapshots that bring it back. */
import { join } from 'node:path';
import type { Clock, Timer } from '@vigie/core/clock';
import { bug, errorCode } from '@vigie/core/errors';
import type { FolderLock, LockFolder } from '@vigie/core/folder-lock';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { Exemplar, MetricMetadata, Querier } from '@vigie/promql/storage/querier';
import type { TsdbFs } from './fs.ts';
import { type AppendResult, Head } from './head/head.ts';
import type { FloatColumns, HistogramSample } from './head/journal.ts';
import type { HeadOptions } from './head/options.ts';
import type { ExemplarRefusal, SeriesRefusal } from './head/outcome.ts';
import type { SeriesRef } from './head/series-table.ts';
import { HeadQuerier } from './head-querier.ts';
import { type Recovery, recover } from './recovery.ts';
import { writeSnapshot } from './snapshot/snapshot.ts';
import { LogFollower, type LogPosition } from './wal/follow.ts';
import { deleteSegments } from './wal/held-segments.ts';
import { snapshotName, sortFiles } from './wal/segment-files.ts';
import { Wal, type WalCounts } from './wal/wal.ts';

export interface TsdbOptions {
  /** Holds nothing else. Made if it is missing. */
  readonly folder: string;
  /** Between the write of a sample and its fsync: what a machine that loses power may lose. */
  readonly fsyncIntervalMs: number;
  /** Between snapshots; the log since the last one is replayed at the start. */
  readonly snapshotIntervalMs: number;
  /** Of segments that a follower has not let go: beyond, it loses the oldest. Looked at with each snapshot. */
  readonly maxHeldBytes: number;
  readonly head: Partial<HeadOptions>;
}

const DEFAULTS = {
  fsyncIntervalMs: 1_000,
  // At 200,000 series every 15 s, 12 million samples: some seconds of replay, and 150 MB of log.
  snapshotIntervalMs: 15 * 60_000,
  // At 13,000 samples/s, some three hours.
  maxHeldBytes: 2 * 1024 ** 3,
  head: {},
};

export interface TsdbDeps {
  readonly fs: TsdbFs;
  readonly clock: Clock;
  /** Keeps other processes away from the folder; absent where none can come, as to files in memory. */
  readonly lock?: LockFolder;
  readonly reports: {
    /** The disk did not take something: `operation` is snapshot or log. With lock, nobody is kept away from the folder: its file
     *  system has no sockets. */
    failed(operation: 'snapshot' | 'log' | 'lock', error: unknown): void;
  };
}

export interface LoggedAppend extends AppendResult {
  /** Whether what was accepted is with the operating system, so that it survives the process. */
  readonly isLogged: boolean;
}

export interface SnapshotCounts {
  written: number;
  failed: number;
  lastBytes: number;
  lastSeconds: number;
}

/** How often silent series are compressed and old samples dropped. */
const MAINTENANCE_INTERVAL_MS = 15_000;
/** Slots between two looks at the event loop: some ms even where all of them are to be compressed. */
const MAINTENANCE_SLOTS = 2_048;
/** Longer than the scrapes take that begin together; a target that hangs holds up no other's samples (docs/decisions/0028). */
const GATHER_MS = 100;
/** After a failure, for a disk that is full. */
const SNAPSHOT_RETRY_MS = 30_000;

export class Tsdb {
  readonly head: Head;
  readonly querier: Querier;
  readonly snapshots: SnapshotCounts = { written: 0, failed: 0, lastBytes: 0, lastSeconds: 0 };
  readonly #options: TsdbOptions;
  readonly #deps: TsdbDeps;
  readonly #ending = new AbortController();
  readonly #timers = new Set<Timer>();
  readonly #followers = new Set<LogFollower>();
  #lock: FolderLock | undefined;
  #wal: Wal | undefined;
  #maintenance: Promise<void> = Promise.resolve();
  #snapshot: Promise<void> | undefined;
  #snapshotTimer: Timer | undefined;
  /** Of `gather`, those that are not there yet. */
  #awaited = 0;
  #isGathering = false;
  /** How often the log did not get something, and how many of these times lie before the newest snapshot. */
  #logFailures = 0;
  #coveredFailures = 0;
  #closed: Promise<void> | undefined;

  constructor(options: Partial<TsdbOptions> & Pick<TsdbOptions, 'folder'>, deps: TsdbDeps) {
    this.#options = { ...DEFAULTS, ...options };
    this.#deps = deps;
    this.head = new Head(this.#options.head, deps.clock);
    this.querier = new HeadQuerier(this.head);
  }

  /** Reads what there is, mends what is torn, and is ready to append.
   *  @throws {VigieError} FOLDER_IN_USE when another process has the folder
   *  @throws {TsdbVersionError} for files of a later version
   *  @throws what the file system throws: starting without what cannot be read would look like a loss of all */
  async start(): Promise<Recovery> {
    const { folder, fsyncIntervalMs, snapshotIntervalMs } = this.#options;
    const { fs, clock } = this.#deps;
    await this.#takeFolder();
    const recovery = await recover(this.head, folder, fs).catch(async (error: unknown) => {
      await this.#lock?.release();
      throw error;
    });
    const failed = (error: unknown): void => {
      this.#logFailures++;
      this.#deps.reports.failed('log', error);
      // Memory has what the log lacks.
      this.#snapshotWithin(SNAPSHOT_RETRY_MS);
    };
    this.#wal = new Wal(folder, recovery.nextSegment, fsyncIntervalMs, { fs, clock, failed });
    this.head.journal = this.#wal;
    this.#maintainLater();
    this.#snapshotWithin(snapshotIntervalMs);
    return recovery;
  }

  get walCounts(): WalCounts | undefined {
    return this.#wal?.counts;
  }

  /** Whether it takes samples: from the end of `start` to the beginning of `close`. */
  get isReady(): boolean {
    return this.#wal !== undefined && this.#closed === undefined;
  }

  /** See Head.getOrCreate. The series is logged with its first sample. */
  getOrCreate(labels: LabelSet): SeriesRef | SeriesRefusal {
    return this.head.getOrCreate(labels);
  }

  /** Queries see the samples when this returns; its promise says when they survive the process.
   *  @param outcomes see Head.append */
  async append(columns: FloatColumns, outcomes?: Uint8Array): Promise<LoggedAppend> {
    const result = this.head.append(columns, outcomes);
    return { ...result, isLogged: await this.commit() };
  }

  async appendHistograms(samples: readonly HistogramSample[], outcomes?: Uint8Array): Promise<LoggedAppend> {
    const result = this.head.appendHistograms(samples, outcomes);
    return { ...result, isLogged: await this.commit() };
  }

  /** For what was given to `head` itself, several kinds of samples for one request for instance.
   *  @returns whether all that the head has taken survives the process: false from a failure of the log on until a snapshot has
   *  what the log lacks */
  async commit(): Promise<boolean> {
    const isWritten = await this.#writer().commit();
    return isWritten && this.#logFailures === this.#coveredFailures;
  }

  /** Samples are on their way, and nobody waits to know that they are written: they are, with others of that kind, when the last of all that
   *  are on their way is there, and GATHER_MS after the first at the latest. A killed process loses so much of them. Cost: a write, and a
   *  thread woken for it, for all of them in place of one for each.
   *  @returns to be called when `head` has them, or there are none */
  gather(): () => void {
    const writer = this.#writer();
    this.#awaited++;
    return () => {
      this.#awaited--;
      if (this.#awaited === 0) void writer.commit();
      else this.#commitSoon(writer);
    };
  }

  /** Written with the next samples. */
  addExemplar(ref: SeriesRef, exemplar: Exemplar): 'added' | 'known' | ExemplarRefusal {
    return this.head.addExemplar(ref, exemplar);
  }

  setMetadata(metadata: MetricMetadata): void {
    this.head.setMetadata(metadata);
  }

  /** Writes a snapshot now, or waits for the one that is being written; deletes what it makes superfluous. */
  async snapshot(): Promise<void> {
    this.#snapshot ??= this.#takeSnapshot().finally(() => {
      this.#snapshot = undefined;
    });
    await this.#snapshot;
  }

  /** Reads the log from there on, beside what is appended: to be asked for when nothing has been appended yet, or the labels of
   *  series that have gone since are not known. Segments are kept until it lets them go.
   *  @param from as a follower said it, in this process or an earlier one; undefined: what is logged from now on */
  follow(from: LogPosition | undefined): LogFollower {
    const { folder } = this.#options;
    const follower: LogFollower = new LogFollower(from, {
      folder,
      fs: this.#deps.fs,
      log: this.#writer(),
      table: this.head.table,
      closed: () => this.#followers.delete(follower),
    });
    this.#followers.add(follower);
    return follower;
  }

  /** Writes the rest of the log. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#ending.abort();
    for (const timer of this.#timers) timer.cancel();
    await this.#maintenance;
    await this.#snapshot?.catch(() => undefined);
    await this.#wal?.close();
    await this.#lock?.release();
  }

  #commitSoon(writer: Wal): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    this.#later(GATHER_MS, () => {
      this.#isGathering = false;
      void writer.commit();
    });
  }

  async #takeFolder(): Promise<void> {
    try {
      this.#lock = await this.#deps.lock?.(this.#options.folder);
    } catch (error) {
      if (errorCode(error) === 'FOLDER_IN_USE') throw error;
      this.#deps.reports.failed('lock', error);
    }
  }

  #writer(): Wal {
    if (this.#wal === undefined) throw bug('the database has not been started');
    return this.#wal;
  }

  #later(delayMs: number, action: () => void): Timer {
    const timer = this.#deps.clock.setTimer(delayMs, () => {
      this.#timers.delete(timer);
      action();
    });
    this.#timers.add(timer);
    return timer;
  }

  #maintainLater(): void {
    this.#later(MAINTENANCE_INTERVAL_MS, () => {
      this.#maintenance = this.#maintain();
    });
  }

  async #maintain(): Promise<void> {
    const { signal } = this.#ending;
    let slot = this.head.maintain(0, MAINTENANCE_SLOTS);
    while (slot !== 0 && !signal.aborted) {
      await this.#deps.clock.sleep(0, signal).catch(() => undefined);
      if (!signal.aborted) slot = this.head.maintain(slot, MAINTENANCE_SLOTS);
    }
    if (!signal.aborted) this.#maintainLater();
  }

  /** Brings the next snapshot forward, if it would come later. */
  #snapshotWithin(delayMs: number): void {
    if (this.#ending.signal.aborted) return;
    if (this.#snapshotTimer !== undefined) {
      this.#snapshotTimer.cancel();
      this.#timers.delete(this.#snapshotTimer);
    }
    this.#snapshotTimer = this.#later(delayMs, () => {
      this.#snapshotTimer = undefined;
      this.snapshot()
        .catch(() => undefined)
        .finally(() => {
          if (this.#snapshotTimer === undefined) this.#snapshotWithin(this.#options.snapshotIntervalMs);
        });
    });
  }

  async #takeSnapshot(): Promise<void> {
    const { folder } = this.#options;
    const { fs, clock } = this.#deps;
    const startedMs = clock.monotonicMs();
    try {
      const segment = await this.#writer().cut();
      const failures = this.#logFailures;
      this.snapshots.lastBytes = await writeSnapshot(this.head, folder, segment, fs, this.#ending.signal);
      this.#coveredFailures = failures;
      this.snapshots.written++;
      this.snapshots.lastSeconds = (clock.monotonicMs() - startedMs) / 1000;
      const files = sortFiles(await fs.readdir(folder));
      for (const number of files.snapshots) if (number < segment) await fs.unlink(join(folder, snapshotName(number)));
      const superfluous = files.segments.filter((number) => number < segment);
      await deleteSegments(superfluous, [...this.#followers], this.#options.maxHeldBytes, folder, fs);
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      this.snapshots.failed++;
      this.#deps.reports.failed('snapshot', error);
      this.#snapshotWithin(SNAPSHOT_RETRY_MS);
      throw error;
    }
  }
}
