import type { Clock } from '@vigie/core/clock';
import { bug } from '@vigie/core/errors';
import { Batch } from '../batch/batch.ts';
import type { LaneLedger } from '../delivery/ledger.ts';
import type { RecordFacts } from '../encode/document.ts';
import type { RecordShape } from '../encode/group-shape.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { FLAG_SEVERITY_SHIFT, FLAG_STDERR, FLAG_TRUNCATED } from '../kernel/layout.ts';
import { Breath } from '../schedule/breath.ts';
import { drain } from './drain.ts';
import { Nap } from './nap.ts';
import { Packer, type RecordObserver } from './packer.ts';
import { type LaneSink, type RequestReports, Requests } from './requests.ts';
import type { Slot } from './slot.ts';
import type { NamedTransform, TransformReports } from './transform-chain.ts';

/** A record that was sent to the agent, or that it asked for: no file stands behind it. */
export interface PushedRecord {
  /** RFC 3339. */
  readonly time: string;
  readonly stderr: boolean;
  /** OpenTelemetry's severity number; 0 where it has none. */
  readonly severity: number;
  readonly message: Uint8Array;
  /** JSON members without braces around them; empty for none. */
  readonly members: string;
  /** Tells records of one group with the same message apart, below 2^48. Where a source can read a record again it is the
   *  same then, and so is the record's id. */
  readonly sequence: number;
}

/** Records of one origin. */
export interface PushedGroup {
  /** The same object for the same origin as far as that is cheap: what is made of it is kept for it. */
  readonly facts: RecordFacts;
  readonly records: readonly PushedRecord[];
}

export interface PushLaneOptions {
  readonly source: string;
  readonly sink: string;
  readonly maxMessageBytes: number;
  readonly batchBytes: number;
  /** How long records wait for more at most. */
  readonly lingerMs: number;
}

/** Of lines: with as many, a request goes as soon as none is under way. Its senders push nothing more before they are answered, so that
 *  waiting would hold an SDK to five batches a second; less than this is not worth a request of its own to a server with a thousand agents. */
const WORTH_SENDING_BYTES = 64 * 1024;

export interface PushLaneReports extends RequestReports, TransformReports {}

export interface PushLaneDeps {
  readonly clock: Clock;
  readonly kernel: Kernel;
  readonly sink: LaneSink;
  readonly transforms: readonly NamedTransform[];
  readonly ledger: LaneLedger;
  readonly reports: PushLaneReports;
}

/** What one call of `push` brought, on its way. */
interface Push {
  readonly groups: readonly PushedGroup[];
  group: number;
  record: number;
  /** Requests that carry records of it, and one while some are not encoded yet. */
  users: number;
  failed: boolean;
  readonly settle: (delivered: boolean) => void;
}

interface Pending {
  readonly push: Push;
  readonly facts: RecordFacts;
  readonly rows: number;
  next: number;
}

/** One source that records are pushed from to one sink. Nothing is kept here that nobody waits for: a push is answered when
 *  the sink, or its buffer on the disk, has every record of it. How much may wait is up to the source. */
export class PushLane {
  readonly ledger: LaneLedger;
  readonly #options: PushLaneOptions;
  readonly #deps: PushLaneDeps;
  readonly #batch: Batch;
  readonly #requests: Requests;
  readonly #packer: Packer<RecordFacts>;
  readonly #queue: Push[] = [];
  readonly #breath = new Breath();
  readonly #shapes = new WeakMap<RecordFacts, Map<string, RecordShape>>();
  readonly #carried = new Map<Slot, Set<Push>>();
  #pending: Pending | undefined;
  readonly #nap: Nap;
  #stopping = false;
  #loop: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: PushLaneOptions, deps: PushLaneDeps) {
    this.#options = options;
    this.#deps = deps;
    this.ledger = deps.ledger;
    this.#batch = new Batch(deps.kernel);
    this.#nap = new Nap(deps.clock);
    this.#requests = new Requests(options.batchBytes, deps);
    this.#packer = new Packer(this.#batch, this.#requests, deps.ledger, deps.sink, {
      shape: (facts, utcDay) => this.#shape(facts, utcDay),
      facts: (facts) => facts,
      key: (facts) => facts,
    });
  }

  get source(): string {
    return this.#options.source;
  }

  get sink(): string {
    return this.#options.sink;
  }

  /** It reads no logs. */
  get cursors(): readonly [] {
    return [];
  }

  get inFlight(): number {
    return this.#requests.inFlight;
  }

  get isIdle(): boolean {
    return this.#queue.length === 0 && this.#pending === undefined && this.inFlight === 0;
  }

  async start(): Promise<void> {
    this.#loop = this.#run().catch((error: unknown) => this.#deps.reports.fault(error));
  }

  /** @returns true when every record is accepted, refused for good, dropped by a transform, or in the sink's buffer; false
   *  when the lane ended before */
  push(groups: readonly PushedGroup[]): Promise<boolean> {
    if (this.#stopping) return Promise.resolve(false);
    return new Promise((settle) => {
      this.#queue.push({ groups, group: 0, record: 0, users: 1, failed: false, settle });
      this.#nap.wake();
    });
  }

  /** Takes nothing more, and sends what there is as long as `signal` allows. Idempotent. */
  close(signal: AbortSignal): Promise<void> {
    this.#closed ??= this.#close(signal);
    return this.#closed;
  }

  async #close(signal: AbortSignal): Promise<void> {
    this.#stopping = true;
    this.#nap.wake();
    await drain(this.#loop, this.#requests, this.#nap, signal);
    for (const push of this.#queue.splice(0)) this.#release(push, false);
  }

  /** Shows records as they leave for the sink, transforms applied; undefined stops it. */
  observe(observer: RecordObserver | undefined): void {
    this.#packer.observer = observer;
  }

  async #run(): Promise<void> {
    while ((!this.#stopping || this.#hasMore) && !this.#requests.aborted) {
      const slot = this.#hasMore ? this.#requests.take() : undefined;
      if (slot === undefined) {
        await this.#nap.sleep(this.#restMs());
        continue;
      }
      await this.#fill(slot);
      if (slot.records > 0) this.#dispatch(slot);
      else this.#requests.giveBack(slot);
    }
  }

  /** Of an idle lane: how long until its kernel's memory may be given back, if it was not now. */
  #restMs(): number | undefined {
    if (!this.isIdle) return undefined;
    const { rest } = this.#requests;
    const nowMs = this.#deps.clock.monotonicMs();
    rest.renewIfDue(nowMs);
    return rest.dueMs === undefined ? undefined : rest.dueMs - nowMs;
  }

  get #hasMore(): boolean {
    return this.#queue.length > 0 || this.#pending !== undefined;
  }

  async #fill(slot: Slot): Promise<void> {
    const { clock } = this.#deps;
    while (!slot.isFull && !this.#requests.aborted) {
      await this.#breath.take();
      this.#pending ??= this.#load();
      if (this.#pending !== undefined) {
        if (slot.records === 0) slot.firstAtMs = clock.monotonicMs();
        this.#pack(slot, this.#pending);
        if (this.#pending !== undefined) return;
        continue;
      }
      if (slot.records === 0 || this.#stopping) return;
      if (slot.plainBytes >= WORTH_SENDING_BYTES && this.#requests.inFlight === 0) return;
      const waitMs = slot.firstAtMs + this.#options.lingerMs - clock.monotonicMs();
      if (waitMs <= 0) return;
      await this.#nap.sleep(waitMs);
    }
  }

  /** Writes as many records of one group as the table and the input region hold into the kernel's memory. */
  #load(): Pending | undefined {
    const [push] = this.#queue;
    if (push === undefined) return undefined;
    const group = push.groups[push.group];
    if (group === undefined) {
      this.#queue.shift();
      this.#release(push, true);
      return this.#load();
    }
    const { memory, regions, table } = this.#deps.kernel;
    this.#batch.reset();
    let at = regions.input.start;
    let row = 0;
    let readBytes = 0;
    for (; push.record < group.records.length && row < table.maxRows; push.record++) {
      const record = group.records[push.record];
      if (record === undefined) throw bug('a record of a group is missing');
      const message = record.message.subarray(0, this.#options.maxMessageBytes);
      const members = Buffer.from(record.members);
      const bytes = record.time.length + message.length + members.length;
      if (at + bytes > regions.input.end) {
        if (row > 0) break;
        this.#dropTooLarge(bytes);
        continue;
      }
      table.setLine(row, at, at + bytes);
      table.setTime(row, at, record.time.length);
      at += memory.write(record.time, at, 'latin1');
      table.setMessage(row, at, message.length);
      memory.set(message, at);
      at += message.length;
      table.setExtra(row, at, members.length);
      memory.set(members, at);
      at += members.length;
      table.setOffset(row, record.sequence);
      table.setRawBytes(row, bytes);
      const isCut = message.length < record.message.length;
      const flags = (record.stderr ? FLAG_STDERR : 0) | (isCut ? FLAG_TRUNCATED : 0);
      table.setFlags(row, flags | (record.severity << FLAG_SEVERITY_SHIFT));
      if (isCut) this.ledger.truncatedRecords++;
      readBytes += bytes;
      row++;
    }
    if (push.record === group.records.length) {
      push.group++;
      push.record = 0;
    }
    this.ledger.read(readBytes);
    this.ledger.readRecords += row;
    this.#batch.rowCount = row;
    if (row === 0) return this.#load();
    this.#transform(group.facts);
    return { push, facts: group.facts, rows: row, next: 0 };
  }

  /** Its members are more than a read may be. */
  #dropTooLarge(bytes: number): void {
    this.ledger.read(bytes);
    this.ledger.readRecords++;
    this.ledger.dropped('record_too_large', bytes, 1);
  }

  #transform(facts: RecordFacts): void {
    const { clock, transforms, reports } = this.#deps;
    const times = { nowMs: clock.monotonicMs(), wallMs: clock.nowMs() };
    for (const { name, transform } of transforms) {
      transform.apply(this.#batch, {
        ...times,
        facts,
        log: facts,
        dropped: (reason, records, rawBytes) => this.ledger.dropped(reason, rawBytes, records),
        kept: (reason, records) => reports.transformKept(name, reason, records),
      });
    }
  }

  #pack(slot: Slot, pending: Pending): void {
    if (this.#packer.pack(slot, pending, pending.facts)) this.#carry(slot, pending.push);
    if (pending.next === pending.rows) this.#pending = undefined;
  }

  #shape(facts: RecordFacts, day: string | undefined): RecordShape {
    let shapes = this.#shapes.get(facts);
    if (shapes === undefined) {
      shapes = new Map();
      this.#shapes.set(facts, shapes);
    }
    const key = day ?? '';
    let shape = shapes.get(key);
    if (shape === undefined) {
      // Records of the past come with any day; one at a time is enough.
      shapes.clear();
      shape = this.#deps.sink.shape(facts, day);
      shapes.set(key, shape);
    }
    return shape;
  }

  #carry(slot: Slot, push: Push): void {
    const carried = this.#carried.get(slot) ?? new Set();
    if (carried.has(push)) return;
    push.users++;
    this.#carried.set(slot, carried.add(push));
  }

  #dispatch(slot: Slot): void {
    this.#requests.dispatch(slot, (taken) => {
      for (const push of this.#carried.get(slot) ?? []) this.#release(push, taken);
      this.#carried.delete(slot);
      this.#nap.wake();
    });
  }

  #release(push: Push, taken: boolean): void {
    push.failed ||= !taken;
    push.users--;
    if (push.users === 0) push.settle(!push.failed);
  }
}
