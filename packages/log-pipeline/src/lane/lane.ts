import { createHash } from 'node:crypto';
import type { Clock } from '@vigie/core/clock';
import { bug } from '@vigie/core/errors';
import { Batch } from '../batch/batch.ts';
import type { CheckpointEntry } from '../checkpoint/format.ts';
import type { CheckpointStore, FlushOutcome } from '../checkpoint/store.ts';
import type { LaneLedger } from '../delivery/ledger.ts';
import type { Hold, Progress } from '../delivery/progress.ts';
import type { RecordShape } from '../encode/group-shape.ts';
import { PartialBudget } from '../framing/partials.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { FLAG_DROPPED } from '../kernel/layout.ts';
import { Breath } from '../schedule/breath.ts';
import { RoundRobin } from '../schedule/round-robin.ts';
import type { TokenBucket } from '../schedule/token-bucket.ts';
import type { Catalog, CatalogReader } from '../tail/catalog.ts';
import { type ContainerLog, type Generation, isSealed } from '../tail/generation.ts';
import type { ContainerFacts, Transform } from '../transforms/transform.ts';
import { LaneRecord } from './kept-record.ts';
import { KernelRest } from './kernel-rest.ts';
import { LogCursor } from './log-cursor.ts';
import { type LogPlan, type LogPlans, NO_PLAN } from './log-plan.ts';
import { Nap } from './nap.ts';
import { LaneReader, type PendingRows, type ReaderOptions, type ReaderReports } from './reader.ts';
import { type LaneSink, type RequestReports, Requests } from './requests.ts';
import { Resume, type ResumeOptions } from './resume.ts';
import type { Slot } from './slot.ts';
import { utcDayOf } from './utc-day.ts';

export interface LaneOptions extends ReaderOptions, ResumeOptions {
  readonly source: string;
  readonly sink: string;
  /** A request is sent when it has this many bytes, or `lingerMs` after its first record. */
  readonly batchBytes: number;
  readonly lingerMs: number;
  readonly partialTimeoutMs: number;
  readonly partialBudgetBytes: number;
  readonly checkpointIntervalMs: number;
}

export interface LaneReports extends ReaderReports, RequestReports {
  lost(log: string, bytes: number, reason: string): void;
  checkpoint(outcome: FlushOutcome): void;
  transformKept(transform: string, reason: string, records: number): void;
}

/** A generation, or what is known of one that was not found yet. */
export type CheckpointKey = Generation | CheckpointEntry;

export interface LaneDeps {
  readonly clock: Clock;
  readonly kernel: Kernel;
  readonly catalog: Catalog;
  readonly sink: LaneSink;
  readonly transforms: readonly { readonly name: string; readonly transform: Transform }[];
  readonly store: CheckpointStore<CheckpointKey>;
  readonly entries: readonly CheckpointEntry[] | undefined;
  /** Carried on where a lane takes over from an earlier one. */
  readonly ledger: LaneLedger;
  readonly facts: (log: ContainerLog) => ContainerFacts;
  readonly buckets: (log: ContainerLog) => readonly TokenBucket[];
  /** The log is gone for good. */
  readonly forget: (log: ContainerLog) => void;
  /** Where logs differ in what is done with them. */
  readonly plans?: LogPlans | undefined;
  readonly reports: LaneReports;
}

/** Sees rows `first` up to `end` of the batch; rows flagged DROPPED or FRAGMENT are no records. Called on the
 *  hot path: it takes what it wants and returns. */
export type RecordObserver = (batch: Batch, first: number, end: number, facts: ContainerFacts) => void;

/** A scan while files are being renamed may miss one; what a checkpoint knows counts as gone only after this. */
const VANISHED_AFTER_MS = 1_000;
const IDLE_WAIT_MS = 1_000;
/** A quarter of the time after which a record of several lines is complete by default. */
const OPEN_WAIT_MS = 250;
/** Shapes kept ready: at 1-2 KiB each, what the busy containers of a node need. */
const SHAPES_KEPT = 512;
/** Then nobody is busy, and they are let go: with their buffers they take 1.4 MB. */
const SHAPES_IDLE_MS = 5_000;

/** One source to one sink: reads when a slot is free, frames, transforms, encodes, delivers, and lets the
 *  checkpoint follow the acknowledgements. Lanes share nothing but the catalog, so a dead sink holds back
 *  only its own. */
export class Lane implements CatalogReader {
  readonly ledger: LaneLedger;
  readonly #options: LaneOptions;
  readonly #deps: LaneDeps;
  readonly #batch: Batch;
  readonly #requests: Requests;
  readonly #rest: KernelRest;
  readonly #reader: LaneReader;
  readonly #resume: Resume;
  readonly #budget: PartialBudget;
  readonly #cursors = new Map<ContainerLog, LogCursor>();
  readonly #ready: RoundRobin<LogCursor>;
  readonly #breath = new Breath();
  readonly #withPartials = new Set<LogCursor>();
  /** Records that transforms keep back. */
  #kept = 0;
  readonly #shapes = new Map<string, RecordShape>();
  #shapedAtMs = 0;
  /** Of an ordered sink: logs with records in flight, and cursors whose turn came meanwhile. */
  readonly #underway = new Set<ContainerLog>();
  readonly #heldBack = new Set<LogCursor>();
  #pending: PendingRows | undefined;
  #observer: RecordObserver | undefined;
  readonly #nap: Nap;
  #stopping = false;
  #idle = false;
  #loop: Promise<void> | undefined;
  #checkpointTimer: { cancel(): void } | undefined;
  #vanishedTimer: { cancel(): void } | undefined;
  /** Progress that the checkpoint file does not show yet. */
  readonly #dirty = new Set<Progress>();

  constructor(options: LaneOptions, deps: LaneDeps) {
    this.#options = options;
    this.#deps = deps;
    this.ledger = deps.ledger;
    this.#batch = new Batch(deps.kernel);
    this.#nap = new Nap(deps.clock);
    this.#requests = new Requests(options.batchBytes, deps);
    this.#rest = new KernelRest(deps.kernel);
    this.#budget = new PartialBudget(options.partialBudgetBytes);
    this.#ready = new RoundRobin(options.readBytes);
    this.#resume = new Resume(deps.entries, options);
    this.#reader = new LaneReader(this.#batch, deps.catalog, deps.clock, options, this.ledger, deps.reports, {
      begin: (cursor, generation) => this.#begin(cursor, generation),
      gapBetween: (log, before, after) => this.#resume.gapBetween(log, before, after),
    });
  }

  get source(): string {
    return this.#options.source;
  }

  get sink(): string {
    return this.#options.sink;
  }

  get cursors(): Iterable<LogCursor> {
    return this.#cursors.values();
  }

  /** Requests that wait for their acknowledgement. */
  get inFlight(): number {
    return this.#requests.inFlight;
  }

  /** Nothing left to read, to encode or to be acknowledged, as far as the catalog knows. */
  get isIdle(): boolean {
    return this.#idle && this.inFlight === 0;
  }

  /** The catalog has been started: what it found is there to be resumed. */
  async start(): Promise<void> {
    const { catalog, clock } = this.#deps;
    catalog.attach(this);
    await catalog.adopt(this.#resume.logs);
    for (const log of catalog.logs.values()) this.changed(log);
    for (const cursor of this.#cursors.values()) {
      for (const generation of cursor.log.generations) {
        if (cursor.find(generation) === undefined) this.#begin(cursor, generation);
      }
    }
    // Until they are counted: a process that is killed before leaves them to the next one.
    for (const entry of this.#resume.unclaimed) this.#deps.store.put(entry, entry);
    if (this.#options.once) this.#countVanished();
    else this.#vanishedTimer = clock.setTimer(VANISHED_AFTER_MS, () => this.#countVanished());
    this.#scheduleCheckpoint();
    this.#loop = this.#run().catch((error: unknown) => this.#deps.reports.fault(error));
  }

  /** Stops reading, waits for what is in flight as long as `signal` allows, writes the checkpoint. */
  async close(signal: AbortSignal): Promise<void> {
    this.#stopping = true;
    this.#nap.wake();
    const abort = (): void => {
      this.#requests.abort(signal.reason);
      this.#nap.wake();
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    await this.#loop;
    await this.#requests.landed();
    signal.removeEventListener('abort', abort);
    this.#checkpointTimer?.cancel();
    this.#vanishedTimer?.cancel();
    this.#deps.catalog.detach(this);
    for (const cursor of this.#cursors.values()) cursor.closeGzip();
    await this.flushCheckpoint();
  }

  changed(log: ContainerLog): void {
    let cursor = this.#cursors.get(log);
    if (cursor === undefined) {
      cursor = new LogCursor(
        log,
        this.#options.maxLineBytes,
        this.#budget,
        this.#deps.buckets(log),
        this.#deps.clock.monotonicMs(),
      );
      this.#cursors.set(log, cursor);
    }
    // Sizes and names are in the checkpoint too: bytes that vanish while the agent is down are told by them.
    for (const progress of cursor.all) this.#dirty.add(progress);
    this.#ready.offer(cursor);
    this.#nap.wake();
  }

  removed(log: ContainerLog): void {
    const cursor = this.#cursors.get(log);
    if (cursor === undefined) return;
    for (const { generation } of cursor.all) this.#deps.store.delete(generation);
    cursor.closeGzip();
    this.#deps.forget(log);
    this.#ready.remove(cursor);
    this.#withPartials.delete(cursor);
    this.#heldBack.delete(cursor);
    for (const progress of cursor.all) this.#dirty.delete(progress);
    this.#cursors.delete(log);
  }

  finished(generation: Generation): boolean {
    const progress = this.#cursors.get(generation.log)?.find(generation);
    if (progress === undefined) return generation.sizeBytes === 0;
    if (!progress.settled) return false;
    return progress.abandoned || progress.readOffset >= generation.sizeBytes;
  }

  position(generation: Generation): number {
    return this.#cursors.get(generation.log)?.find(generation)?.readOffset ?? 0;
  }

  async flushCheckpoint(): Promise<void> {
    this.#recordProgress();
    this.#deps.reports.checkpoint(await this.#deps.store.flush());
  }

  #begin(cursor: LogCursor, generation: Generation): Progress {
    const nowMs = this.#deps.clock.monotonicMs();
    const { offset, entry } = this.#resume.placeOf(generation, nowMs);
    if (entry !== undefined) {
      this.#deps.store.delete(entry);
      // What is shorter now is a copy: one that is still being made, or one that lacks the rest.
      if (!generation.live && entry.size > generation.sizeBytes) {
        if (isSealed(generation, nowMs)) generation.cutFromBytes ??= entry.size;
        else generation.sizeBytes = entry.size;
      }
    }
    const progress = cursor.begin(generation, offset);
    this.#dirty.add(progress);
    return progress;
  }

  #countVanished(): void {
    for (const { entry, lostBytes } of this.#resume.takeVanished()) {
      this.#deps.store.delete(entry);
      if (lostBytes === 0) continue;
      this.ledger.lost('deleted_while_down', lostBytes);
      this.#deps.reports.lost(entry.path, lostBytes, 'deleted_while_down');
    }
  }

  async #run(): Promise<void> {
    while (!this.#stopping || this.#mustFinish) {
      const slot = this.#requests.take();
      if (slot === undefined) {
        await this.#nap.sleep(undefined);
        continue;
      }
      await this.#fill(slot);
      if (slot.records > 0) this.#dispatch(slot);
      else {
        // A batch that transforms emptied still moves the checkpoint.
        this.#settle(slot);
        this.#requests.giveBack(slot);
      }
    }
  }

  /** Of a read that is sent in part, the rest goes too before the lane ends: the checkpoint knows only whole reads, and
   *  the next process would send the first part again. */
  get #mustFinish(): boolean {
    return this.#pending !== undefined && !this.#requests.aborted;
  }

  /** Fills a slot until it is full, its linger time is over, or the lane stops. */
  async #fill(slot: Slot): Promise<void> {
    const { clock } = this.#deps;
    while (!this.#stopping || this.#mustFinish) {
      await this.#breath.take();
      if (this.#pending !== undefined) {
        if (this.#underway.has(this.#pending.progress.generation.log)) {
          await this.#nap.sleep(undefined);
          continue;
        }
        this.#encode(slot, this.#pending);
        if (this.#pending !== undefined || slot.isFull || this.#stopping) return;
      }
      const nowMs = clock.monotonicMs();
      if (slot.records > 0 && nowMs - slot.firstAtMs >= this.#options.lingerMs) return;
      if (this.#sendKept(nowMs, false)) continue;
      const turn = this.#ready.next(nowMs);
      if (turn === undefined) {
        if (this.#flushPartials(nowMs)) continue;
        if (this.#options.once && this.#sendKept(nowMs, true)) continue;
        // Asked to stop since the loop looked: nobody would wake it again.
        if (this.#stopping || (this.#options.once && slot.records > 0)) return;
        const waiting = this.#withPartials.size + this.#ready.parked + this.#heldBack.size + this.#kept;
        this.#idle = slot.records === 0 && waiting === 0;
        // Bytes without a record: a zlib stream that has begun.
        if (this.isIdle && slot.bytes === 0) this.#rest.renewIfDue(nowMs);
        await this.#nap.sleep(this.#nextWakeMs(slot));
        this.#idle = false;
        continue;
      }
      if (this.#underway.has(turn.item.log)) {
        this.#ready.used(turn.item, 0, false);
        this.#heldBack.add(turn.item);
        continue;
      }
      await this.#take(turn.item, turn.allowanceBytes);
      if (slot.records === 0) slot.firstAtMs = clock.monotonicMs();
    }
  }

  async #take(cursor: LogCursor, allowanceBytes: number): Promise<void> {
    const nowMs = this.#deps.clock.monotonicMs();
    cursor.heldUntilMs = this.#deps.plans?.heldUntilMs(cursor.log, nowMs) ?? 0;
    let waitMs = Math.max(0, cursor.heldUntilMs - nowMs);
    for (const bucket of cursor.buckets) waitMs = Math.max(waitMs, bucket.waitMs(nowMs));
    if (waitMs > 0) {
      this.#ready.park(cursor, nowMs + waitMs);
      return;
    }
    this.#plan(cursor);
    const result = await this.#reader.read(cursor, allowanceBytes);
    switch (result.status) {
      case 'nothing':
        this.#ready.used(cursor, 0, false);
        return;
      case 'wait':
        this.#ready.park(cursor, result.untilMs);
        return;
      case 'passed':
        this.#ready.used(cursor, result.bytes, true);
        return;
      case 'rows':
        this.#pending = result.pending;
        for (const bucket of cursor.buckets) bucket.take(result.bytes, nowMs);
        this.#ready.used(cursor, result.bytes, true);
        if (cursor.isWaiting) this.#withPartials.add(cursor);
        this.#transform(cursor);
    }
  }

  /** @param behind only the lane's own transforms from this one on, for a record that has come so far */
  #transform(cursor: LogCursor, behind?: number): void {
    const { log } = cursor;
    const { clock } = this.#deps;
    const planned = behind === undefined ? this.#plan(cursor).transforms : [];
    const own = behind === undefined ? this.#deps.transforms : this.#deps.transforms.slice(behind);
    const transforms = planned.length === 0 ? own : [...planned, ...own];
    if (transforms.length === 0) return;
    let facts: ContainerFacts | undefined;
    const factsNow = (): ContainerFacts => {
      facts ??= this.#deps.facts(log);
      return facts;
    };
    const times = { nowMs: clock.monotonicMs(), wallMs: clock.nowMs() };
    for (const { name, transform } of transforms) {
      transform.apply(this.#batch, {
        ...times,
        log,
        get facts() {
          return factsNow();
        },
        dropped: (reason, records, rawBytes) => this.ledger.dropped(reason, rawBytes, records),
        kept: (reason, records) => this.#deps.reports.transformKept(name, reason, records),
        keepBack: (row) => this.#keepBack(cursor, row),
      });
    }
  }

  #keepBack(cursor: LogCursor, row: number): LaneRecord {
    const hold = this.#pending?.hold;
    if (hold === undefined) throw bug('a record of no read is kept back');
    const { table } = this.#deps.kernel;
    hold.users++;
    this.#kept++;
    table.setFlags(row, table.flags(row) | FLAG_DROPPED);
    return new LaneRecord(this.#batch, row, cursor, hold, (record, reason) => {
      this.#kept--;
      this.ledger.dropped(reason, record.rawBytes, 1);
      this.#release(record.hold);
    });
  }

  /** @returns whether a record that was kept back is pending now */
  #sendKept(nowMs: number, all: boolean): boolean {
    if (this.#kept === 0) return false;
    for (const [index, { transform }] of this.#deps.transforms.entries()) {
      const { keeping } = transform;
      if (keeping === undefined || (keeping.dueMs > nowMs && !all)) continue;
      const record = keeping.next(nowMs, all);
      if (!(record instanceof LaneRecord)) continue;
      if (!record.restore(this.#batch)) {
        record.drop('record_too_large');
        continue;
      }
      this.#kept--;
      const { cursor, hold } = record;
      this.#pending = { cursor, progress: hold.progress, rows: 1, next: 0, hold, joined: [], nextJoined: 0 };
      keeping.restored(this.#batch);
      this.#transform(cursor, index + 1);
      return true;
    }
    return false;
  }

  #plan(cursor: LogCursor): LogPlan {
    cursor.plan ??= this.#deps.plans?.of(cursor.log) ?? NO_PLAN;
    return cursor.plan;
  }

  /** Moves pending rows into the slot, as many as fit. */
  #encode(slot: Slot, pending: PendingRows): void {
    const { table, memory } = this.#deps.kernel;
    const { generation } = pending.progress;
    let used = false;
    while (pending.next < pending.rows && !slot.isFull) {
      let end = pending.rows;
      let day: string | undefined;
      if (this.#deps.sink.perUtcDay) {
        day = utcDayOf(memory, table, pending.next);
        let next = pending.next + 1;
        while (next < end && utcDayOf(memory, table, next) === day) next++;
        end = next;
      }
      const first = pending.next;
      const before = slot.records;
      const next = this.#requests.write(slot, this.#shape(generation, day), first, end, generation.log);
      if (next < end && slot.records === 0) {
        this.#dropTooLarge(next);
        continue;
      }
      pending.next = next;
      used ||= slot.records > before;
      this.#observer?.(this.#batch, first, next, this.#deps.facts(generation.log));
      this.#moveJoined(pending, slot);
      if (next < end) break;
    }
    if (used) {
      pending.hold.users++;
      slot.holds.push(pending.hold);
      if (this.#deps.sink.ordered === true) slot.logs.add(generation.log);
    }
    if (pending.next < pending.rows) return;
    this.#release(pending.hold);
    this.#pending = undefined;
  }

  /** A record that not even an empty slot has room for would be tried for ever. */
  #dropTooLarge(row: number): void {
    const { table } = this.#deps.kernel;
    table.setFlags(row, table.flags(row) | FLAG_DROPPED);
    this.ledger.dropped('record_too_large', table.rawBytes(row), 1);
  }

  /** A joined record's first fragment stays claimed by the request that carries the whole. */
  #moveJoined(pending: PendingRows, slot: Slot): void {
    for (; pending.nextJoined < pending.joined.length; pending.nextJoined++) {
      const joined = pending.joined[pending.nextJoined];
      if (joined === undefined || joined.row >= pending.next) return;
      slot.holds.push(joined.hold);
    }
  }

  #shape(generation: Generation, day: string | undefined): RecordShape {
    const revision = this.#cursors.get(generation.log)?.revision ?? 0;
    const key = `${generation.id} ${revision} ${generation.head?.hash ?? ''} ${day ?? ''}`;
    this.#shapedAtMs = this.#deps.clock.monotonicMs();
    const known = this.#shapes.get(key);
    if (known !== undefined) return known;
    const facts = this.#deps.facts(generation.log);
    const shape = this.#deps.sink.shape({ ...facts, idPrefix: idPrefix(facts.nodeName, generation) }, day);
    if (this.#shapes.size >= SHAPES_KEPT) {
      const oldest = this.#shapes.keys().next();
      if (oldest.done !== true) this.#shapes.delete(oldest.value);
    }
    this.#shapes.set(key, shape);
    return shape;
  }

  /** Shows records as they leave for the sink, transforms applied; undefined stops it. */
  observe(observer: RecordObserver | undefined): void {
    this.#observer = observer;
  }

  /** Other facts are known of the container, or more: what was made of them is made anew when next needed, and the log
   *  waits no longer for them. */
  refresh(log: ContainerLog): void {
    const cursor = this.#cursors.get(log);
    if (cursor === undefined) return;
    cursor.revision++;
    cursor.plan = undefined;
    cursor.buckets = this.#deps.buckets(log);
    if (cursor.heldUntilMs === 0) return;
    cursor.heldUntilMs = 0;
    this.#ready.unpark(cursor);
    this.#nap.wake();
  }

  #dispatch(slot: Slot): void {
    this.#rest.used(slot, this.#deps.clock.monotonicMs());
    for (const log of slot.logs) this.#underway.add(log);
    this.#requests.dispatch(slot, (taken) => {
      // What was given up keeps its holds: the next process reads these bytes again.
      if (taken) this.#settle(slot);
      this.#arrived(slot);
      this.#nap.wake();
    });
  }

  /** What of its logs comes next may go now. */
  #arrived(slot: Slot): void {
    for (const log of slot.logs) this.#underway.delete(log);
    slot.logs.clear();
    for (const cursor of this.#heldBack) {
      if (this.#underway.has(cursor.log)) continue;
      this.#heldBack.delete(cursor);
      this.#ready.offer(cursor);
    }
  }

  #settle(slot: Slot): void {
    for (const hold of slot.holds) this.#release(hold);
  }

  #release(hold: Hold): void {
    for (const progress of hold.progress.release(hold)) this.#dirty.add(progress);
  }

  /** @returns whether rows are pending now */
  #flushPartials(nowMs: number): boolean {
    const beforeMs = this.#options.once ? nowMs : nowMs - this.#options.partialTimeoutMs;
    for (const cursor of this.#withPartials) {
      if (this.#underway.has(cursor.log)) continue;
      this.#pending = this.#expired(cursor, nowMs, beforeMs);
      if (this.#pending === undefined) {
        if (!cursor.isWaiting) this.#withPartials.delete(cursor);
        continue;
      }
      this.#transform(cursor);
      return true;
    }
    return false;
  }

  /** What waited for its end for too long. Of a log that is behind, the next line may be there already. */
  #expired(cursor: LogCursor, nowMs: number, partialsBeforeMs: number): PendingRows | undefined {
    const partial = cursor.partials.expired(partialsBeforeMs);
    if (partial !== undefined) return this.#reader.flushPartial(cursor, partial);
    if (cursor.open.isEmpty) return undefined;
    const timeoutMs = this.#options.once ? 0 : ((cursor.plan?.multiline ?? this.#options.multiline)?.timeoutMs ?? 0);
    const stderr = cursor.open.expired(nowMs - timeoutMs);
    if (stderr === undefined || cursor.unreadBytes() > 0) return undefined;
    return this.#reader.flushOpen(cursor, stderr);
  }

  #nextWakeMs(slot: Slot): number {
    const nowMs = this.#deps.clock.monotonicMs();
    let wakeMs = nowMs + IDLE_WAIT_MS * 60;
    if (slot.records > 0) wakeMs = Math.min(wakeMs, slot.firstAtMs + this.#options.lingerMs);
    if (this.#withPartials.size > 0) {
      wakeMs = Math.min(wakeMs, nowMs + OPEN_WAIT_MS);
    }
    if (this.#kept > 0) {
      for (const { transform } of this.#deps.transforms) wakeMs = Math.min(wakeMs, transform.keeping?.dueMs ?? wakeMs);
    }
    if (this.isIdle) wakeMs = Math.min(wakeMs, this.#rest.dueMs ?? wakeMs);
    return Math.max(0, Math.min(wakeMs, this.#ready.nextWakeMs() ?? Infinity) - nowMs);
  }

  #scheduleCheckpoint(): void {
    this.#checkpointTimer = this.#deps.clock.setTimer(this.#options.checkpointIntervalMs, () => {
      if (this.#deps.clock.monotonicMs() - this.#shapedAtMs >= SHAPES_IDLE_MS) this.#shapes.clear();
      const flushed = this.#dirty.size > 0 ? this.flushCheckpoint() : Promise.resolve();
      void flushed.then(() => {
        if (!this.#stopping) this.#scheduleCheckpoint();
      });
    });
  }

  #recordProgress(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    for (const progress of this.#dirty) {
      const { generation } = progress;
      const cursor = this.#cursors.get(generation.log);
      const known = generation.log.generations.includes(generation);
      if (cursor !== undefined && known && !(progress.settled && progress.abandoned)) {
        this.#deps.store.put(generation, checkpointEntry(progress, nowMs));
        continue;
      }
      if (!progress.settled) continue;
      this.#deps.store.delete(generation);
      if (!known) cursor?.forget(generation);
    }
    this.#dirty.clear();
  }
}

function checkpointEntry(progress: Progress, monotonicMs: number): CheckpointEntry {
  const { generation, ackedOffset } = progress;
  const [dev = '0', ino = '0'] = (generation.inode ?? '0:0').split(':');
  return {
    log: generation.log.key,
    path: generation.path ?? generation.log.key,
    dev,
    ino,
    head: generation.head === undefined ? undefined : { length: generation.head.length, hash: generation.head.hash },
    offset: ackedOffset,
    size: generation.sizeBytes,
    done: ackedOffset >= generation.sizeBytes && isSealed(generation, monotonicMs),
  };
}

/** Names a generation for good: X and X.gz share it, it survives the loss of the checkpoint, and it does not
 *  change as the file grows, nor by what becomes known of the pod. 132 bits of SHA-256 as 22 url-safe characters. */
function idPrefix(nodeName: string | undefined, { log, head }: Generation): string {
  const { pod } = log;
  const owner =
    pod === undefined ? [nodeName ?? '', log.key] : [pod.podUid, pod.containerName, String(pod.restartCount)];
  return createHash('sha256')
    .update([...owner, head?.hash ?? ''].join('\0'))
    .digest('base64url')
    .slice(0, 22);
}
