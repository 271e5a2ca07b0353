import type { Clock } from '@vigie/core/clock';
import { Batch } from '../batch/batch.ts';
import type { CheckpointEntry } from '../checkpoint/format.ts';
import type { CheckpointStore, FlushOutcome } from '../checkpoint/store.ts';
import type { LaneLedger } from '../delivery/ledger.ts';
import { PartialBudget } from '../framing/partials.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { Breath } from '../schedule/breath.ts';
import type { TokenBucket } from '../schedule/token-bucket.ts';
import type { Catalog } from '../tail/catalog.ts';
import type { CatalogReader } from '../tail/catalog-reader.ts';
import type { ContainerLog, Generation } from '../tail/generation.ts';
import type { ContainerFacts } from '../transforms/transform.ts';
import { drain } from './drain.ts';
import type { InputReports } from './input-reader.ts';
import { type CheckpointKey, type CheckpointReports, LaneCheckpoint } from './lane-checkpoint.ts';
import { LaneOrigin, type OriginReports } from './lane-origin.ts';
import { LogCursor } from './log-cursor.ts';
import { type LogPlan, type LogPlans, NO_PLAN } from './log-plan.ts';
import { Nap } from './nap.ts';
import { Packer, type RecordObserver } from './packer.ts';
import { claimJoined, type PendingRows } from './pending-rows.ts';
import { LaneReader, type ReaderOptions } from './reader.ts';
import { RecordShapes } from './record-shapes.ts';
import { type LaneSink, type RequestReports, Requests } from './requests.ts';
import { Resume, type ResumeOptions } from './resume.ts';
import type { Slot } from './slot.ts';
import { type NamedTransform, TransformChain, type TransformReports } from './transform-chain.ts';
import { Turns } from './turns.ts';
import { UnfinishedRecords } from './unfinished-records.ts';

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

export interface LaneReports extends InputReports, RequestReports, OriginReports, TransformReports, CheckpointReports {}

export interface LaneDeps {
  readonly clock: Clock;
  readonly kernel: Kernel;
  readonly catalog: Catalog;
  readonly sink: LaneSink;
  readonly transforms: readonly NamedTransform[];
  readonly store: CheckpointStore<CheckpointKey>;
  /** What the checkpoint said when it was opened; undefined where there was none. */
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

const IDLE_WAIT_MS = 60_000;
/** A quarter of the time after which a record of several lines is complete by default. */
const OPEN_WAIT_MS = 250;

/** One source to one sink: reads when a slot is free, frames, transforms, encodes, delivers, and lets the
 *  checkpoint follow the acknowledgements. Lanes share nothing but the catalog, so a dead sink holds back
 *  only its own. */
export class Lane implements CatalogReader {
  readonly ledger: LaneLedger;
  readonly #options: LaneOptions;
  readonly #deps: LaneDeps;
  readonly #cursors = new Map<ContainerLog, LogCursor>();
  readonly #budget: PartialBudget;
  readonly #checkpoint: LaneCheckpoint;
  readonly #origin: LaneOrigin;
  readonly #turns: Turns;
  readonly #reader: LaneReader;
  readonly #unfinished: UnfinishedRecords;
  readonly #transforms: TransformChain;
  readonly #shapes: RecordShapes;
  readonly #packer: Packer<Generation>;
  readonly #requests: Requests;
  readonly #breath = new Breath();
  readonly #nap: Nap;
  #pending: PendingRows | undefined;
  #stopping = false;
  #idle = false;
  #loop: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: LaneOptions, deps: LaneDeps) {
    const { clock, kernel, sink, entries, ledger, plans } = deps;
    const batch = new Batch(kernel);
    this.#options = options;
    this.#deps = deps;
    this.ledger = ledger;
    this.#budget = new PartialBudget(options.partialBudgetBytes);
    this.#checkpoint = new LaneCheckpoint(options.checkpointIntervalMs, this.#cursors, deps);
    this.#origin = new LaneOrigin(new Resume(entries, options), this.#checkpoint, deps);
    this.#turns = new Turns(options.readBytes, plans);
    this.#unfinished = new UnfinishedRecords(batch, ledger, options);
    this.#reader = new LaneReader(batch, options, deps, this.#origin, this.#unfinished);
    this.#transforms = new TransformChain(batch, deps, (hold) => this.#checkpoint.release(hold));
    this.#shapes = new RecordShapes(deps);
    this.#requests = new Requests(options.batchBytes, deps);
    this.#packer = new Packer(batch, this.#requests, ledger, sink, {
      shape: (generation, utcDay) =>
        this.#shapes.of(generation, this.#cursors.get(generation.log)?.revision ?? 0, utcDay),
      facts: ({ log }) => deps.facts(log),
      key: ({ log }) => log,
    });
    this.#nap = new Nap(clock);
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
    try {
      await this.#takeUp();
    } catch (error) {
      this.#deps.catalog.detach(this);
      throw error;
    }
    this.#checkpoint.start(() => this.#shapes.letGoIfIdle());
    this.#loop = this.#run().catch((error: unknown) => this.#deps.reports.fault(error));
  }

  async #takeUp(): Promise<void> {
    const { catalog } = this.#deps;
    catalog.attach(this);
    await catalog.adopt(this.#origin.logs);
    for (const log of catalog.logs.values()) this.changed(log);
    for (const cursor of this.#cursors.values()) {
      for (const generation of cursor.log.generations) {
        if (cursor.find(generation) === undefined) this.#origin.begin(cursor, generation);
      }
    }
    this.#origin.countVanished(this.#options.once);
  }

  /** Stops reading, waits for what is in flight as long as `signal` allows, writes the checkpoint. The catalog keeps for
   *  it what it has not read, until it leaves. Idempotent. */
  close(signal: AbortSignal): Promise<void> {
    this.#closed ??= this.#close(signal);
    return this.#closed;
  }

  /** Another lane answers the catalog in its place, or nobody needs these logs any more. */
  leave(): void {
    this.#deps.catalog.detach(this);
  }

  async #close(signal: AbortSignal): Promise<void> {
    this.#stopping = true;
    this.#nap.wake();
    // One that has not started knows less than the file does.
    if (this.#loop === undefined) return;
    await drain(this.#loop, this.#requests, this.#nap, signal);
    this.#checkpoint.close();
    this.#origin.close();
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
    for (const progress of cursor.all) this.#checkpoint.moved(progress);
    this.#turns.offer(cursor);
    this.#nap.wake();
  }

  removed(log: ContainerLog): void {
    const cursor = this.#cursors.get(log);
    if (cursor === undefined) return;
    // What a closed one has written stays for the lane that takes its place.
    if (!this.#stopping) this.#checkpoint.remove(cursor);
    cursor.closeGzip();
    this.#deps.forget(log);
    this.#turns.remove(cursor);
    this.#unfinished.remove(cursor);
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

  flushCheckpoint(): Promise<FlushOutcome> {
    return this.#checkpoint.flush();
  }

  /** Shows records as they leave for the sink, transforms applied; undefined stops it. */
  observe(observer: RecordObserver | undefined): void {
    this.#packer.observer = observer;
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
    this.#turns.release(cursor);
    this.#nap.wake();
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
    const { once, lingerMs } = this.#options;
    while (!this.#stopping || this.#mustFinish) {
      await this.#breath.take();
      if (this.#pending !== undefined) {
        if (this.#turns.isUnderway(this.#pending.progress.generation.log)) {
          await this.#nap.sleep(undefined);
          continue;
        }
        this.#pack(slot, this.#pending);
        if (this.#pending !== undefined || slot.isFull || this.#stopping) return;
      }
      const nowMs = clock.monotonicMs();
      if (slot.records > 0 && nowMs - slot.firstAtMs >= lingerMs) return;
      this.#pending = this.#transforms.next(nowMs, false);
      if (this.#pending !== undefined) continue;
      const turn = this.#turns.next(nowMs);
      if (turn === undefined) {
        if (this.#endUnfinished(nowMs)) continue;
        if (once) this.#pending = this.#transforms.next(nowMs, true);
        if (this.#pending !== undefined) continue;
        // Asked to stop since the loop looked: nobody would wake it again.
        if (this.#stopping || (once && slot.records > 0)) return;
        this.#idle = slot.records === 0 && !this.#isWaiting;
        // Bytes without a record: a zlib stream that has begun.
        if (this.isIdle && slot.bytes === 0) this.#requests.rest.renewIfDue(nowMs);
        await this.#nap.sleep(this.#untilDueMs(slot));
        this.#idle = false;
        continue;
      }
      if (!this.#turns.admits(turn.item, nowMs)) continue;
      await this.#read(turn.item, turn.allowanceBytes);
      if (slot.records === 0) slot.firstAtMs = clock.monotonicMs();
    }
  }

  async #read(cursor: LogCursor, allowanceBytes: number): Promise<void> {
    const nowMs = this.#deps.clock.monotonicMs();
    this.#plan(cursor);
    const result = await this.#reader.read(cursor, allowanceBytes);
    switch (result.status) {
      case 'nothing':
        this.#turns.used(cursor, 0, false);
        return;
      case 'wait':
        this.#turns.park(cursor, result.untilMs);
        return;
      case 'passed':
        this.#turns.used(cursor, result.bytes, true);
        return;
      case 'rows':
        this.#pending = result.pending;
        for (const bucket of cursor.buckets) bucket.take(result.bytes, nowMs);
        this.#turns.used(cursor, result.bytes, true);
        this.#unfinished.look(cursor);
        this.#transforms.apply(result.pending, this.#plan(cursor).transforms);
    }
  }

  /** What waited for its end for too long.
   *  @returns whether a record is pending now */
  #endUnfinished(nowMs: number): boolean {
    this.#pending = this.#unfinished.next(nowMs, this.#turns);
    if (this.#pending === undefined) return false;
    this.#transforms.apply(this.#pending, this.#plan(this.#pending.cursor).transforms);
    return true;
  }

  #plan(cursor: LogCursor): LogPlan {
    cursor.plan ??= this.#deps.plans?.of(cursor.log) ?? NO_PLAN;
    return cursor.plan;
  }

  #pack(slot: Slot, pending: PendingRows): void {
    const { generation } = pending.progress;
    const used = this.#packer.pack(slot, pending, generation);
    claimJoined(pending, slot);
    if (used) {
      pending.hold.users++;
      slot.holds.push(pending.hold);
      if (this.#deps.sink.ordered === true) slot.logs.add(generation.log);
    }
    if (pending.next < pending.rows) return;
    this.#checkpoint.release(pending.hold);
    this.#pending = undefined;
  }

  #dispatch(slot: Slot): void {
    this.#turns.sent(slot.logs);
    this.#requests.dispatch(slot, (taken) => {
      // What was given up keeps its holds: the next process reads these bytes again.
      if (taken) this.#settle(slot);
      this.#turns.arrived(slot.logs);
      slot.logs.clear();
      this.#nap.wake();
    });
  }

  #settle(slot: Slot): void {
    for (const hold of slot.holds) this.#checkpoint.release(hold);
  }

  /** There is more to come by the clock alone. */
  get #isWaiting(): boolean {
    return this.#unfinished.logs + this.#turns.waiting + this.#transforms.kept > 0;
  }

  #untilDueMs(slot: Slot): number {
    const nowMs = this.#deps.clock.monotonicMs();
    const lingerMs = slot.records > 0 ? slot.firstAtMs + this.#options.lingerMs : Infinity;
    const openMs = this.#unfinished.logs > 0 ? nowMs + OPEN_WAIT_MS : Infinity;
    const restMs = this.isIdle ? (this.#requests.rest.dueMs ?? Infinity) : Infinity;
    const ownMs = Math.min(nowMs + IDLE_WAIT_MS, lingerMs, openMs, restMs);
    return Math.max(0, Math.min(ownMs, this.#transforms.dueMs, this.#turns.nextWakeMs) - nowMs);
  }
}
