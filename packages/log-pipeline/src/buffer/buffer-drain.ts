import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { Backoff } from '@vigie/core/backoff';
import type { Clock } from '@vigie/core/clock';
import { describeError, errorCode } from '@vigie/core/errors';
import type { Bell } from './bell.ts';
import { DISK_BACKOFF } from './disk-backoff.ts';
import { decodeRecordBytes, type EntryHead } from './entry.ts';
import { type Held, HeldCounts, type Segment } from './segment.ts';
import type { SegmentStore } from './segment-store.ts';

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

export interface DrainReports {
  /** An entry has left for good: `held` less what was refused is acknowledged. */
  delivered(
    source: string,
    held: Held,
    rejected: readonly { readonly reason: string; readonly bytes: number }[],
    sentBytes: number,
    durationMs: number,
  ): void;
  dropped(source: string, reason: 'buffer_corrupt', held: Held): void;
  damaged(kind: 'corrupt', file: string, bytes: number): void;
  failed(operation: 'read', error: unknown): void;
  /** A defect: an entry stays where it is until the next start. */
  fault(error: unknown): void;
  /** Bodies cannot be read, by errno name; undefined once they can be again. */
  trouble(trouble: { readonly code: string; readonly detail: string } | undefined): void;
}

export interface DrainDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly reports: DrainReports;
  /** Rings when something was stored, and is rung when something has left. */
  readonly bell: Bell;
  /** Of the buffer: a share of it may be under way at once. */
  readonly maxBytes: () => number;
  /** Removes what is delivered or dropped. */
  readonly settle: () => Promise<void>;
}

/** An entry that was read and has not left yet. */
export interface Outgoing {
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

/** The rest can be dropped for newer ones. */
const OUTGOING_SHARE = 1 / 2;

const inflateAside = promisify(inflate);

/** The way out of a disk buffer: entries are read in their order and delivered, several at a time; what is not delivered
 *  when it stops is read again by the next one. */
export class BufferDrain {
  readonly #store: SegmentStore;
  /** In the order in which they were read. */
  readonly #outgoing: Outgoing[];
  readonly #deps: DrainDeps;
  #draining: Draining | undefined;
  readonly #deliveries = new Set<Promise<void>>();

  /** @param outgoing empty, and seen by the store: what is in it stays on the disk */
  constructor(store: SegmentStore, outgoing: Outgoing[], deps: DrainDeps) {
    this.#store = store;
    this.#outgoing = outgoing;
    this.#deps = deps;
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
    this.#deps.bell.ring();
    const abort = (): void => draining.abort.abort(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    await draining.ended;
    await Promise.all(this.#deliveries);
    signal.removeEventListener('abort', abort);
    this.#rewind();
    await this.#deps.settle();
  }

  async #drain(sink: BufferSink, halt: AbortSignal, abort: AbortSignal): Promise<void> {
    const { clock, random, reports } = this.#deps;
    const backoff = new Backoff(DISK_BACKOFF, random);
    let troubled = false;
    while (!halt.aborted) {
      const segment = this.#store.segments.find(({ readOffset, sizeBytes }) => readOffset < sizeBytes);
      if (segment === undefined || !this.#mayBegin(sink)) {
        await this.#deps.bell.wait();
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
    return bytes === 0 || bytes < this.#deps.maxBytes() * OUTGOING_SHARE;
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
        void this.#deps.settle();
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
    void this.#deps.settle();
  }
}
