import type { Hold } from '../delivery/progress.ts';
import type { PartialBudget } from '../framing/partials.ts';

/** A record whose last line may not have been read yet. */
export interface OpenRecord {
  /** Of its first line, as written. */
  readonly time: Uint8Array;
  readonly offset: number;
  /** Keeps the checkpoint before the first line until the whole record is acknowledged. */
  readonly hold: Hold;
  bytes: Uint8Array;
  length: number;
  /** Input bytes of its lines. */
  rawBytes: number;
  /** Of all its lines together. */
  flags: number;
  lines: number;
  /** Bytes behind its newest line are lost: the next line is not its own. */
  interrupted: boolean;
  /** Monotonic time of its newest line. */
  touchedAtMs: number;
}

const NEWLINE = 0x0a;

/** What the two streams of one container have open, and what their rules remember. */
export class OpenRecords {
  /** By stream: stdout, stderr. */
  readonly states: [number, number] = [0, 0];
  readonly #budget: PartialBudget;
  readonly #records: [OpenRecord | undefined, OpenRecord | undefined] = [undefined, undefined];

  /** @param budget bytes of the open records and partials of a whole lane */
  constructor(budget: PartialBudget) {
    this.#budget = budget;
  }

  get isEmpty(): boolean {
    return this.#records[0] === undefined && this.#records[1] === undefined;
  }

  get(stderr: boolean): OpenRecord | undefined {
    return this.#records[stderr ? 1 : 0];
  }

  open(stderr: boolean, record: OpenRecord): void {
    this.#records[stderr ? 1 : 0] = record;
  }

  hasRoom(bytes: number): boolean {
    return this.#budget.usedBytes + bytes <= this.#budget.limitBytes;
  }

  /** Adds a line, behind a newline where it is not the first; the caller has asked for room. */
  append(record: OpenRecord, message: Uint8Array, rawBytes: number, flags: number, nowMs: number): void {
    const separator = record.lines === 0 ? 0 : 1;
    const length = record.length + separator + message.length;
    if (length > record.bytes.length) {
      const grown = new Uint8Array(Math.max(length, record.bytes.length * 2));
      grown.set(record.bytes.subarray(0, record.length));
      record.bytes = grown;
    }
    if (separator === 1) record.bytes[record.length] = NEWLINE;
    record.bytes.set(message, record.length + separator);
    this.#budget.usedBytes += length - record.length;
    record.length = length;
    record.rawBytes += rawBytes;
    record.flags |= flags;
    record.lines++;
    record.touchedAtMs = nowMs;
  }

  /** Takes a record out: it is complete. */
  take(stderr: boolean): OpenRecord | undefined {
    const record = this.#records[stderr ? 1 : 0];
    if (record === undefined) return undefined;
    this.#budget.usedBytes -= record.length;
    this.#records[stderr ? 1 : 0] = undefined;
    return record;
  }

  /** The stream whose record got its newest line first, if that was at `beforeMs` or earlier. */
  expired(beforeMs: number): boolean | undefined {
    const [out, err] = this.#records;
    const outMs = out?.touchedAtMs ?? Infinity;
    const errMs = err?.touchedAtMs ?? Infinity;
    if (Math.min(outMs, errMs) > beforeMs) return undefined;
    return errMs < outMs;
  }
}
