import type { Clock } from '@vigie/core/clock';
import type { Batch } from '../batch/batch.ts';
import type { LaneLedger } from '../delivery/ledger.ts';
import type { Progress } from '../delivery/progress.ts';
import { detectFormat } from '../framing/docker.ts';
import type { Catalog } from '../tail/catalog.ts';
import type { Generation } from '../tail/generation.ts';
import { Framer, type FramerOptions } from './framer.ts';
import { InputReader, type InputReports } from './input-reader.ts';
import type { LogCursor } from './log-cursor.ts';
import type { PendingRows } from './pending-rows.ts';
import { Succession, type SuccessionOrigin } from './succession.ts';
import type { UnfinishedRecords } from './unfinished-records.ts';

export type ReadResult =
  | { readonly status: 'rows'; readonly pending: PendingRows; readonly bytes: number }
  /** Bytes of a line that is too long, one at least, were passed over. */
  | { readonly status: 'passed'; readonly bytes: number }
  /** Not before then, whatever is heard of the log meanwhile. */
  | { readonly status: 'wait'; readonly untilMs: number }
  /** Not before something is heard of the log. */
  | { readonly status: 'nothing' };

export interface ReaderOptions extends FramerOptions {
  readonly readBytes: number;
  /** Ends last lines without a newline even in live files: nothing more will come. */
  readonly once: boolean;
  /** `detect`: as container runtimes write, told by each file's first line. */
  readonly format: 'detect' | 'plain';
}

export interface ReaderDeps {
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly ledger: LaneLedger;
  readonly reports: InputReports;
}

const READ_RETRY_MS = 1_000;
const LONGEST_READ_RETRY_MS = 30_000;
const DOUBT_RETRY_MS = 25;
const EMPTY = new Uint8Array(0);

/** Turns the next bytes of a log into rows in kernel memory. One per lane, as the kernel is. Every call moves forward by
 *  a byte or a record, or names what to wait for: whatever the files do, nobody who asks again and again spins. */
export class LaneReader {
  readonly #batch: Batch;
  readonly #options: ReaderOptions;
  readonly #deps: ReaderDeps;
  readonly #succession: Succession;
  readonly #input: InputReader;
  readonly #framer: Framer;
  readonly #unfinished: UnfinishedRecords;

  constructor(
    batch: Batch,
    options: ReaderOptions,
    deps: ReaderDeps,
    origin: SuccessionOrigin,
    unfinished: UnfinishedRecords,
  ) {
    const { catalog, clock, ledger, reports } = deps;
    this.#batch = batch;
    this.#options = options;
    this.#deps = deps;
    this.#succession = new Succession(clock, options.once, ledger, origin);
    this.#input = new InputReader(batch.kernel, catalog.descriptors, reports);
    this.#framer = new Framer(batch, clock, ledger, options);
    this.#unfinished = unfinished;
  }

  /** @param allowanceBytes how much the scheduler lets this log read now */
  async read(cursor: LogCursor, allowanceBytes: number): Promise<ReadResult> {
    for (;;) {
      const result = await this.#readOnce(cursor, allowanceBytes);
      if (result !== 'again') return result;
    }
  }

  /** @returns 'again' after it noted something of a generation that leads elsewhere now, and no second time */
  async #readOnce(cursor: LogCursor, allowanceBytes: number): Promise<ReadResult | 'again'> {
    const next = this.#succession.next(cursor);
    if (next.status === 'generation' && !this.#succession.heedGap(cursor, next.progress.generation)) {
      return this.#waitForScan();
    }
    const ended = this.#unfinished.interrupted(cursor);
    if (ended !== undefined) return { status: 'rows', pending: ended, bytes: 0 };
    if (next.status !== 'generation') return next;
    const { progress, endsHere } = next;
    const { generation, readOffset: position } = progress;
    const asked = this.#bytesToAskFor(progress, allowanceBytes);
    let bytes: number;
    try {
      const outcome = await this.#input.read(cursor, progress, asked);
      if (outcome === 'doubt') return this.#doubt(generation);
      bytes = outcome;
    } catch (error) {
      return this.#failed(cursor, generation, error);
    }
    cursor.failures = 0;
    if (bytes === 0) return this.#foundEnd(progress);
    if (position + bytes > generation.sizeBytes) generation.sizeBytes = position + bytes;
    if (position + bytes > generation.certainBytes) generation.certainBytes = position + bytes;
    cursor.movedAtMs = this.#deps.clock.monotonicMs();
    this.#learnFormat(cursor, generation, position, bytes);
    if (progress.skipping !== undefined) return { status: 'passed', bytes: this.#framer.passOver(progress, bytes) };
    const pending = this.#framer.frame(cursor, progress, bytes, endsHere && position + bytes >= generation.sizeBytes);
    if (pending === undefined) return this.#foundNoLine(progress, bytes, asked);
    return { status: 'rows', pending, bytes: progress.readOffset - position };
  }

  #bytesToAskFor({ longLine }: Progress, allowanceBytes: number): number {
    const { input } = this.#batch.kernel.regions;
    const regionBytes = input.end - input.start;
    return longLine ? regionBytes : Math.min(regionBytes, Math.max(allowanceBytes, this.#options.readBytes));
  }

  #learnFormat(cursor: LogCursor, { head }: Generation, position: number, bytes: number): void {
    if (cursor.format !== undefined) return;
    if (this.#options.format === 'plain') {
      cursor.format = 'plain';
      return;
    }
    const { memory, regions } = this.#batch.kernel;
    const { start } = regions.input;
    cursor.format = detectFormat(position === 0 ? memory.subarray(start, start + bytes) : (head?.prefix ?? EMPTY));
  }

  /** The size said more than the file has: an archive's trailer, or a truncation that a scan will sort out. */
  #foundEnd(progress: Progress): ReadResult | 'again' {
    const { generation } = progress;
    if (generation.encoding === 'gzip') {
      generation.sizeBytes = progress.readOffset;
      return 'again';
    }
    progress.stuckAtBytes = generation.sizeBytes;
    return this.#doubt(generation);
  }

  #foundNoLine(progress: Progress, bytes: number, asked: number): ReadResult | 'again' {
    const { generation, readOffset } = progress;
    // Asked for less than the region holds: take all of it before calling the line unfinished.
    if (bytes >= asked) {
      progress.longLine = true;
      return 'again';
    }
    progress.stuckAtBytes = generation.sizeBytes;
    return readOffset + bytes < generation.sizeBytes ? this.#doubt(generation) : 'again';
  }

  #failed(cursor: LogCursor, generation: Generation, error: unknown): ReadResult {
    this.#deps.reports.readError(generation, error);
    cursor.failures++;
    const pauseMs = Math.min(READ_RETRY_MS * cursor.failures, LONGEST_READ_RETRY_MS);
    return { status: 'wait', untilMs: this.#deps.clock.monotonicMs() + pauseMs };
  }

  #doubt(generation: Generation): ReadResult {
    this.#deps.catalog.doubt(generation);
    return this.#waitForScan();
  }

  #waitForScan(): ReadResult {
    return { status: 'wait', untilMs: this.#deps.clock.monotonicMs() + DOUBT_RETRY_MS };
  }
}
