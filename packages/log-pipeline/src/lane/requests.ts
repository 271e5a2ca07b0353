import type { Clock } from '@vigie/core/clock';
import type { LaneLedger } from '../delivery/ledger.ts';
import type { RecordFacts } from '../encode/document.ts';
import { isGroupShape, isRecord, type RecordShape } from '../encode/group-shape.ts';
import { JsonLineEncoder, type JsonLineShape } from '../encode/json-lines.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { DEFLATE_BEGIN_BYTES } from '../kernel/layout.ts';
import { KernelRest } from './kernel-rest.ts';
import { Slot } from './slot.ts';

/** What a lane needs of its sink: the shape of a record, and delivery with retries. */
export interface LaneSink {
  readonly perUtcDay: boolean;
  /** Bodies are to be zlib streams. */
  readonly takesDeflate: boolean;
  /** A log's records are in one request at a time. */
  readonly ordered?: boolean;
  shape(facts: RecordFacts, utcDay: string | undefined): RecordShape;
  /** Resolves when every record is accepted or refused for good, or all are in a buffer on the disk.
   *  @param inflatedBytes where the body is a zlib stream: the length of its lines
   *  @param recordBytes input bytes record by record */
  deliver(
    body: Uint8Array,
    records: number,
    signal: AbortSignal,
    inflatedBytes: number | undefined,
    recordBytes: Uint32Array,
  ): Promise<LaneDelivery>;
}

export interface LaneDelivery {
  readonly rejected: readonly { readonly index: number; readonly reason: string }[];
  /** They stay in flight for the ledger, whose counts the buffer continues; the log's bytes are not needed any more. */
  readonly buffered?: boolean;
}

export interface RequestReports {
  delivered(records: number, durationMs: number): void;
  fault(error: unknown): void;
}

export interface RequestsDeps {
  readonly clock: Clock;
  readonly kernel: Kernel;
  readonly sink: LaneSink;
  readonly ledger: LaneLedger;
  readonly reports: RequestReports;
}

/** Rows deflated between two looks at how long the lines have become. */
const DEFLATE_ROWS = 1_024;
/** A deflated request may stand for so many times batch.max_bytes of lines: what Elasticsearch advises for the plain
 *  ones, 5-15 MB, at the size that is cheapest for the socket. */
const DEFLATED_BATCHES = 4;

/** The requests of one lane: a fixed number, each free, filled with records, or in flight. */
export class Requests {
  readonly rest: KernelRest;
  readonly #deps: RequestsDeps;
  readonly #encoder: JsonLineEncoder;
  readonly #free: Slot[];
  readonly #deliveries = new Set<Promise<void>>();
  readonly #abort = new AbortController();

  /** @param batchBytes a request is full when it has so many */
  constructor(batchBytes: number, deps: RequestsDeps) {
    this.#deps = deps;
    this.rest = new KernelRest(deps.kernel);
    this.#encoder = new JsonLineEncoder(deps.kernel);
    const plainLimit = batchBytes * (deps.sink.takesDeflate ? DEFLATED_BATCHES : 1);
    this.#free = deps.kernel.regions.slots.map(
      ({ start, end }) => new Slot(start, Math.min(start + batchBytes, end), end, plainLimit),
    );
  }

  /** Those that wait for their acknowledgement. */
  get inFlight(): number {
    return this.#deliveries.size;
  }

  get aborted(): boolean {
    return this.#abort.signal.aborted;
  }

  take(): Slot | undefined {
    return this.#free.pop();
  }

  giveBack(slot: Slot): void {
    slot.clear();
    this.#free.push(slot);
  }

  /** Encodes rows of the kernel's table at the end of the slot, as many as have room: as lines, as the next part of its
   *  zlib stream, or as groups.
   *  @param log key of what a shape remembers
   *  @returns the first row not looked at */
  write(slot: Slot, shape: RecordShape, first: number, end: number, log: object): number {
    const { kernel, sink } = this.#deps;
    const { table } = kernel;
    const last = Math.min(end, first + slot.recordBytes.length - slot.records);
    if (isGroupShape(shape)) {
      const { softEnd, hardEnd } = slot;
      const room = { start: slot.start + slot.bytes, softEnd, hardEnd };
      const encoded = shape.write({ kernel, first, end: last, log }, room, (row) => slot.add(table.rawBytes(row)));
      slot.bytes += encoded.writtenBytes;
      slot.plainBytes = slot.bytes;
      return encoded.nextRow;
    }
    const next = sink.takesDeflate
      ? this.#deflate(slot, shape, first, last)
      : this.#writeLines(slot, shape, first, last);
    for (let row = first; row < next; row++) {
      if (isRecord(table.flags(row))) slot.add(table.rawBytes(row));
    }
    return next;
  }

  #writeLines(slot: Slot, shape: JsonLineShape, first: number, end: number): number {
    const { softEnd, hardEnd } = slot;
    const encoded = this.#encoder.encode(shape, first, end, slot.start + slot.bytes, softEnd, hardEnd);
    slot.bytes += encoded.writtenBytes;
    slot.plainBytes = slot.bytes;
    return encoded.nextRow;
  }

  #deflate(slot: Slot, shape: JsonLineShape, first: number, end: number): number {
    const { softEnd, hardEnd } = slot;
    if (slot.bytes === 0) {
      this.#encoder.beginDeflate(slot.start);
      slot.bytes = DEFLATE_BEGIN_BYTES;
    }
    let next = first;
    while (next < end && !slot.isFull) {
      const stop = Math.min(end, next + DEFLATE_ROWS);
      const encoded = this.#encoder.encodeDeflate(shape, next, stop, slot.start + slot.bytes, softEnd, hardEnd);
      slot.bytes += encoded.writtenBytes;
      slot.plainBytes = this.#deps.kernel.deflatedFrom;
      next = encoded.nextRow;
      if (next < stop) break;
    }
    return next;
  }

  /** Sends what is in the slot, and keeps the ledger.
   *  @param landed called once: with true when no record of it is left to send; false when it was given up, and must be
   *  read again. The slot is free again behind it. */
  dispatch(slot: Slot, landed: (taken: boolean) => void): void {
    const { clock, kernel, sink, ledger, reports } = this.#deps;
    const inflatedBytes = sink.takesDeflate ? slot.plainBytes : undefined;
    if (sink.takesDeflate) slot.bytes += this.#encoder.endDeflate(slot.start + slot.bytes);
    const body = kernel.memory.subarray(slot.start, slot.start + slot.bytes);
    const startedMs = clock.monotonicMs();
    this.rest.used(slot, startedMs);
    ledger.batches++;
    const delivery = sink
      .deliver(body, slot.records, this.#abort.signal, inflatedBytes, slot.recordBytes.subarray(0, slot.records))
      .then(({ rejected, buffered }) => {
        if (buffered === true) {
          ledger.buffered(slot.inputBytes, slot.records);
          return true;
        }
        let bytes = slot.inputBytes;
        for (const { index, reason } of rejected) {
          const recordBytes = slot.recordBytes[index] ?? 0;
          ledger.dropped(reason, recordBytes, 1);
          bytes -= recordBytes;
        }
        ledger.acked(bytes, slot.records - rejected.length);
        ledger.sentBytes += slot.plainBytes;
        reports.delivered(slot.records, clock.monotonicMs() - startedMs);
        return true;
      })
      .catch((error: unknown) => {
        if (!this.aborted) reports.fault(error);
        return false;
      })
      .then((taken) => {
        this.#deliveries.delete(delivery);
        landed(taken);
        this.giveBack(slot);
      });
    this.#deliveries.add(delivery);
  }

  /** Gives up what is in flight. */
  abort(reason: unknown): void {
    this.#abort.abort(reason);
  }

  /** Resolves when nothing is in flight. */
  async landed(): Promise<void> {
    await Promise.all(this.#deliveries);
  }
}
