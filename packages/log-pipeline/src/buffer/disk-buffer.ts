/** Between a lane and its sink: bodies count as taken once they are on the disk, and go to the sink in their order from
 *  there. So a sink that is down holds up no checkpoint, and rotation cannot outrun it before the buffer is full. */
import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { Backoff, type BackoffOptions } from '@vigie/core/backoff';
import type { Clock, Timer } from '@vigie/core/clock';
import { describeError, errorCode } from '@vigie/core/errors';
import { Bell } from './bell.ts';
import { type BufferedBody, decodeRecordBytes, type EntryHead, MAX_SEGMENT_HEADER_BYTES } from './entry.ts';
import type { BufferFs } from './fs.ts';
import { type Held, HeldCounts, type Segment } from './segment.ts';
import { SegmentStore, type StoreReports } from './segment-store.ts';

export interface DiskBufferOptions {
  readonly maxBytes: number;
  readonly whenFull: 'block' | 'drop_oldest';
  /** The form of the bodies that come now. */
  readonly bodyKind: string;
}

/** Where bodies go from the buffer. */
export interface BufferSink {
  readonly takesDeflate: boolean;
  /** Bodies under way at once; they begin in their order. */
  readonly maxInFlight: number;
  /** Resolves when every record is accepted or refused for good; rejects with the signal's reason. */
  deliver(
    body: Uint8Array,
    records: number,
    signal: AbortSignal,
    inflatedBytes: number | undefined,
  ): Promise<{ readonly rejected: readonly { readonly index: number; readonly reason: string }[] }>;
}

export interface BufferReports extends StoreReports {
  /** An entry has left for good: `held` less what was refused is acknowledged. */
  delivered(
    source: string,
    held: Held,
    rejected: readonly { readonly reason: string; readonly bytes: number }[],
    sentBytes: number,
    durationMs: number,
  ): void;
  dropped(source: string, reason: BufferDropReason, held: Held): void;
  /** A defect: an entry stays where it is until the next start. */
  fault(error: unknown): void;
  /** Bodies cannot be written or read, by errno name; undefined once they can be again. */
  trouble(trouble: { readonly code: string; readonly detail: string } | undefined): void;
}

/** `buffer_full`: room was made for newer ones. `buffer_corrupt`: they are not what was written. */
export type BufferDropReason = 'buffer_full' | 'buffer_corrupt';

export interface DiskBufferDeps {
  readonly fs: BufferFs;
  readonly clock: Clock;
  readonly random: () => number;
  readonly reports: BufferReports;
}

interface Waiting {
  readonly entry: BufferedBody;
  readonly signal: AbortSignal;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

interface Outgoing {
  readonly segment: Segment;
  readonly start: number;
  readonly bytes: number;
  readonly head: EntryHead;
  settled: boolean;
}

interface Draining {
  /** Begin nothing more. */
  readonly halt: AbortController;
  /** Give up what is under way. */
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

/** A disk that is full or has gone is looked at again so often. */
const DISK_BACKOFF: BackoffOptions = { baseMs: 200, capMs: 5_000 };
/** The rest can be dropped for newer ones. */
const OUTGOING_SHARE = 1 / 2;
/** What an entry takes beside its body, at most but for records of 16 KiB and more: its head with the source's name, a
 *  byte or two for each record, and the header of the segment that it may begin. */
const HEAD_BYTES = 128 + MAX_SEGMENT_HEADER_BYTES;
const HEAD_BYTES_PER_RECORD = 2;

const inflateAside = promisify(inflate);

export class DiskBuffer {
  readonly folder: string;
  #options: DiskBufferOptions;
  readonly #deps: DiskBufferDeps;
  readonly #store: SegmentStore;
  readonly #waiting: Waiting[] = [];
  /** In the order in which they were read. */
  readonly #outgoing: Outgoing[];
  /** Rings when something was stored, delivered, dropped, removed or asked for. */
  readonly #bell = new Bell();
  readonly #diskBackoff: Backoff;
  readonly #settleBackoff: Backoff;
  /** Until what could not be written or removed is tried again. */
  #settleTimer: Timer | undefined;
  #closed = false;
  #storing: Promise<void> | undefined;
  /** Ends a wait for the disk. */
  #diskWait: AbortController | undefined;
  #draining: Draining | undefined;
  readonly #deliveries = new Set<Promise<void>>();

  private constructor(
    folder: string,
    store: SegmentStore,
    outgoing: Outgoing[],
    options: DiskBufferOptions,
    deps: DiskBufferDeps,
  ) {
    this.folder = folder;
    this.#store = store;
    this.#outgoing = outgoing;
    this.#options = options;
    this.#deps = deps;
    this.#diskBackoff = new Backoff(DISK_BACKOFF, deps.random);
    this.#settleBackoff = new Backoff(DISK_BACKOFF, deps.random);
  }

  /** Finds what an earlier process left.
   *  @throws {VigieError} BUFFER_VERSION; what the file system throws */
  static async open(folder: string, options: DiskBufferOptions, deps: DiskBufferDeps): Promise<DiskBuffer> {
    const outgoing: Outgoing[] = [];
    const oldest = (): { segment: number; offset: number } | undefined => {
      const [first] = outgoing;
      return first === undefined ? undefined : { segment: first.segment.number, offset: first.start };
    };
    return new DiskBuffer(
      folder,
      await SegmentStore.open(folder, options.bodyKind, oldest, deps),
      outgoing,
      options,
      deps,
    );
  }

  /** On the disk, delivered parts of segments included. */
  get bytes(): number {
    return this.#store.bytes;
  }

  get maxBytes(): number {
    return this.#options.maxBytes;
  }

  /** When the oldest entry that is neither delivered nor dropped was stored, Unix ms. */
  get oldestAtMs(): number | undefined {
    const [first] = this.#outgoing;
    if (first !== undefined) return first.head.appendedAtMs;
    return this.#store.segments.find(({ isDrained }) => !isDrained)?.firstAtMs;
  }

  get isEmpty(): boolean {
    return this.#outgoing.length === 0 && this.#store.isEmpty;
  }

  /** What is neither delivered nor dropped, by source. */
  held(): HeldCounts {
    return this.#store.held();
  }

  /** Forms of the bodies in it. */
  get bodyKinds(): ReadonlySet<string> {
    return new Set(this.#store.segments.flatMap(({ isDrained, bodyKind }) => (isDrained ? [] : (bodyKind ?? []))));
  }

  /** For what is stored from now on. */
  reconfigure(options: DiskBufferOptions): void {
    this.#options = options;
    this.#bell.ring();
  }

  /** Resolves once the entry is on the disk; those that come together share an fsync. Waits for room, and for the disk.
   *  @param entry its bytes are the caller's again when the promise settles
   *  @throws the signal's reason, when that comes first: then it is not in the buffer */
  append(entry: BufferedBody, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const ring = (): void => {
        this.#diskWait?.abort();
        this.#bell.ring();
      };
      signal.addEventListener('abort', ring, { once: true });
      const done = (): void => signal.removeEventListener('abort', ring);
      this.#waiting.push({
        entry,
        signal,
        resolve: () => {
          done();
          resolve();
        },
        reject: (reason) => {
          done();
          reject(reason);
        },
      });
      this.#storing ??= this.#storeAll();
    });
  }

  async #storeAll(): Promise<void> {
    const { reports } = this.#deps;
    let troubled = false;
    while (this.#waiting.length > 0) {
      const group = await this.#admit();
      if (group.length === 0) {
        if (this.#waiting.length > 0) await this.#bell.wait();
        continue;
      }
      let stored = 0;
      try {
        const entries = group.map(({ entry }) => entry);
        await this.#store.append(entries, this.#options.bodyKind, this.#options.maxBytes, (index) => {
          stored++;
          group[index]?.resolve();
        });
        this.#diskBackoff.reset();
        if (troubled) reports.trouble(undefined);
        troubled = false;
      } catch (error) {
        troubled = true;
        this.#waiting.unshift(...group.slice(stored));
        reports.failed('append', error);
        reports.trouble({ code: errorCode(error) ?? 'unknown', detail: describeError(error) });
        this.#diskWait = new AbortController();
        await this.#deps.clock.sleep(this.#diskBackoff.nextMs(), this.#diskWait.signal).catch(() => undefined);
        this.#diskWait = undefined;
      }
      this.#bell.ring();
    }
    if (troubled) reports.trouble(undefined);
    this.#storing = undefined;
  }

  /** Those that have room, from the front; what was given up is left out. */
  async #admit(): Promise<Waiting[]> {
    const { maxBytes, whenFull } = this.#options;
    const group: Waiting[] = [];
    let bytes = this.#store.bytes;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (next.signal.aborted) {
        this.#waiting.shift();
        next.reject(next.signal.reason);
        continue;
      }
      const entryBytes = HEAD_BYTES + next.entry.records * HEAD_BYTES_PER_RECORD + next.entry.body.length;
      // One that is larger than the whole buffer goes into an empty one: it would wait for ever.
      const isHopeless = entryBytes > maxBytes && this.isEmpty && group.length === 0;
      if (bytes + entryBytes > maxBytes && !isHopeless) {
        if (group.length > 0) break;
        const hasFreed = this.isEmpty ? await this.#clear() : whenFull !== 'block' && (await this.#dropOldest());
        if (!hasFreed) break;
        bytes = this.#store.bytes;
        continue;
      }
      this.#waiting.shift();
      group.push(next);
      bytes += entryBytes;
    }
    return group;
  }

  async #dropOldest(): Promise<boolean> {
    const dropped = await this.#store.dropOldest();
    if (dropped === undefined) return false;
    for (const [source, held] of dropped) this.#deps.reports.dropped(source, 'buffer_full', held);
    await this.#settleStore();
    return true;
  }

  /** Removes the files of an empty buffer, delivered parts of segments. */
  async #clear(): Promise<boolean> {
    const before = this.bytes;
    await this.#store.seal();
    await this.#settleStore();
    return this.bytes < before;
  }

  /** Begins to drain into `sink`. */
  start(sink: BufferSink): void {
    const halt = new AbortController();
    const abort = new AbortController();
    this.#draining = { halt, abort, ended: this.#drain(sink, halt.signal, abort.signal) };
  }

  /** Begins no further delivery, and waits for those under way until `signal` says that they are to be given up; they
   *  stay in the buffer. Appends go on. */
  async stop(signal: AbortSignal): Promise<void> {
    const draining = this.#draining;
    if (draining === undefined) return;
    this.#draining = undefined;
    draining.halt.abort();
    this.#bell.ring();
    const abort = (): void => draining.abort.abort(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    await draining.ended;
    await Promise.all(this.#deliveries);
    signal.removeEventListener('abort', abort);
    this.#rewind();
    await this.#settleStore();
  }

  /** Stops, and closes the files. Every append has been settled or given up by its signal. */
  async close(signal: AbortSignal): Promise<void> {
    this.#closed = true;
    this.#settleTimer?.cancel();
    await this.stop(signal);
    while (this.#storing !== undefined) await this.#storing;
    await this.#store.close();
  }

  async #drain(sink: BufferSink, halt: AbortSignal, abort: AbortSignal): Promise<void> {
    const { clock, random, reports } = this.#deps;
    const backoff = new Backoff(DISK_BACKOFF, random);
    let troubled = false;
    while (!halt.aborted) {
      const segment = this.#store.segments.find(({ readOffset, sizeBytes }) => readOffset < sizeBytes);
      if (segment === undefined || !this.#mayBegin(sink)) {
        await this.#bell.wait();
        continue;
      }
      segment.pins++;
      try {
        await this.#take(segment, sink, halt, abort);
        backoff.reset();
        if (troubled) reports.trouble(undefined);
        troubled = false;
      } catch (error) {
        reports.failed('read', error);
        if (errorCode(error) === 'ENOENT' && (await this.#isGone(segment))) {
          await this.#giveUp(segment);
          continue;
        }
        troubled = true;
        reports.trouble({ code: errorCode(error) ?? 'unknown', detail: describeError(error) });
        await clock.sleep(backoff.nextMs(), halt).catch(() => undefined);
      } finally {
        segment.pins--;
        this.#store.collect();
      }
    }
    if (troubled) reports.trouble(undefined);
  }

  #mayBegin(sink: BufferSink): boolean {
    if (this.#deliveries.size >= sink.maxInFlight) return false;
    let bytes = 0;
    for (const outgoing of this.#outgoing) bytes += outgoing.bytes;
    return bytes === 0 || bytes < this.#options.maxBytes * OUTGOING_SHARE;
  }

  async #take(segment: Segment, sink: BufferSink, halt: AbortSignal, abort: AbortSignal): Promise<void> {
    const { reports } = this.#deps;
    const start = segment.readOffset;
    const next = await this.#store.read(segment);
    if (halt.aborted) return;
    if (next.status === 'unreadable') {
      await this.#findNext(segment);
      return;
    }
    segment.readOffset = next.end;
    if (next.status === 'gap' || segment.passed.has(start)) return;
    const { head } = next;
    if (next.status === 'corrupt') {
      segment.passed.add(start);
      reports.damaged('corrupt', segment.fileName, next.end - start);
      this.#dropCorrupt(segment, [[head.source, { records: head.records, bytes: head.inputBytes }]]);
      return;
    }
    const outgoing: Outgoing = { segment, start, bytes: next.end - start, head, settled: false };
    this.#outgoing.push(outgoing);
    segment.pins++;
    const delivery = this.#deliver(outgoing, next.headBytes, next.body, sink, abort)
      .catch((error: unknown) => {
        if (!abort.aborted) reports.fault(error);
      })
      .then(() => {
        segment.pins--;
        this.#deliveries.delete(delivery);
        this.#store.collect();
        void this.#settleStore();
      });
    this.#deliveries.add(delivery);
  }

  /** @throws the signal's reason */
  async #deliver(
    outgoing: Outgoing,
    headBytes: Buffer,
    stored: Buffer,
    sink: BufferSink,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, reports } = this.#deps;
    const { head, segment } = outgoing;
    const { source, records, inflatedBytes } = head;
    const startedMs = clock.monotonicMs();
    const inflating = inflatedBytes !== undefined && !sink.takesDeflate;
    const body = inflating ? await inflateAside(stored, { maxOutputLength: inflatedBytes }) : stored;
    const { rejected } = await sink.deliver(body, records, signal, inflating ? undefined : inflatedBytes);
    const recordBytes = rejected.length === 0 ? undefined : decodeRecordBytes(headBytes, head);
    const held = { records, bytes: head.inputBytes };
    outgoing.settled = true;
    segment.held.subtract(source, held);
    while (this.#outgoing[0]?.settled === true) this.#outgoing.shift();
    reports.delivered(
      source,
      held,
      rejected.map(({ index, reason }) => ({ reason, bytes: recordBytes?.[index] ?? 0 })),
      inflatedBytes ?? stored.length,
      clock.monotonicMs() - startedMs,
    );
  }

  /** What was not delivered is read again by the next drain. */
  #rewind(): void {
    for (const { segment, start, settled } of this.#outgoing.splice(0)) {
      segment.readOffset = Math.min(segment.readOffset, start);
      if (settled) segment.passed.add(start);
    }
  }

  /** Where a head cannot be made out: what can be told apart behind it stays, the rest leaves the buffer. */
  async #findNext(segment: Segment): Promise<void> {
    if (segment.bodyKind === undefined) {
      await this.#giveUp(segment);
      return;
    }
    const lost = this.#unread(segment);
    const { held, damagedBytes } = await this.#store.survey(segment, segment.sizeBytes);
    for (const [source, ahead] of held.sources) lost.subtract(source, ahead);
    if (damagedBytes > 0) this.#deps.reports.damaged('corrupt', segment.fileName, damagedBytes);
    this.#dropCorrupt(segment, lost.take());
  }

  /** Its file is gone, or nobody can be given what is in it. */
  async #giveUp(segment: Segment): Promise<void> {
    const damagedBytes = segment.sizeBytes - segment.readOffset;
    if (damagedBytes > 0) this.#deps.reports.damaged('corrupt', segment.fileName, damagedBytes);
    await this.#store.abandon(segment);
    this.#dropCorrupt(segment, this.#unread(segment).take());
  }

  async #isGone(segment: Segment): Promise<boolean> {
    try {
      return await this.#store.isGone(segment);
    } catch {
      // The folder itself: it may come back.
      return false;
    }
  }

  /** What a segment holds beside what is on its way. */
  #unread(segment: Segment): HeldCounts {
    const unread = new HeldCounts();
    for (const [source, held] of segment.held.sources) unread.add(source, held);
    for (const { segment: other, head, settled } of this.#outgoing) {
      if (other === segment && !settled)
        unread.subtract(head.source, { records: head.records, bytes: head.inputBytes });
    }
    return unread;
  }

  #dropCorrupt(segment: Segment, lost: Iterable<readonly [string, Held]>): void {
    for (const [source, held] of lost) {
      segment.held.subtract(source, held);
      this.#deps.reports.dropped(source, 'buffer_corrupt', held);
    }
    void this.#settleStore();
  }

  async #settleStore(): Promise<void> {
    this.#bell.ring();
    await this.#store.settle();
    this.#bell.ring();
    if (this.#store.isSettled) this.#settleBackoff.reset();
    else if (!this.#closed) {
      this.#settleTimer?.cancel();
      this.#settleTimer = this.#deps.clock.setTimer(this.#settleBackoff.nextMs(), () => void this.#settleStore());
    }
  }
}
