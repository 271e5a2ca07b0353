/** Records as lines of JSON: what is constant for a container is serialised once and copied around the bytes that vary. */
import { VigieError } from '@vigie/core/errors';
import type { EncodeResult, Kernel } from '../kernel/kernel.ts';
import * as layout from '../kernel/layout.ts';

/** The constant bytes of one container's records for one sink. A record is
 *  head [id afterId] time stdout|stderr message-escaped afterMessage [`,` extra] beforeOffset offset tail;
 *  one flagged HIDE_MESSAGE is the same with stdoutBare|stderrBare in place of stdout … afterMessage. */
export interface JsonLineShape {
  /** offset-hash: behind `head` stand 12 lower-case hex digits of the offset, `-`, 16 of the message bytes' xxHash64. */
  readonly id: 'none' | 'offset-hash';
  /** RFC 3339 as it stands, or Unix time in decimal: seconds with nine decimals, or nanoseconds up to 2^63 - 1. A time before
   *  1970 is 0. Default rfc3339. */
  readonly time?: 'rfc3339' | 'unix_seconds' | 'unix_nanos';
  /** Ends where the id or the time begins: `{"create":{"_id":"PREFIX-` or `{"create":{}}\n{"@timestamp":"`. */
  readonly head: Uint8Array;
  /** `"}}\n{"@timestamp":"`; empty when `id` is none. */
  readonly afterId: Uint8Array;
  /** `","stream":"stdout","message":"` */
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  /** `","stream":"stdout"` */
  readonly stdoutBare: Uint8Array;
  readonly stderrBare: Uint8Array;
  /** `"` */
  readonly afterMessage: Uint8Array;
  /** `,"kubernetes":{…},"log":{"file":{"path":"…"},"offset":` */
  readonly beforeOffset: Uint8Array;
  /** Eight, from `}}\n` to `,"flags":["truncated","unparsed","partial"]}}\n`; index bits: 1 truncated, 2 unparsed,
   *  4 partial. */
  readonly tails: readonly Uint8Array[];
}

/** A shape's constants do not fit into kernel memory: labels and paths together are too long. */
export class ShapeTooLargeError extends VigieError {
  readonly shapeBytes: number;
  readonly limitBytes: number;

  constructor(shapeBytes: number, limitBytes: number) {
    super(
      'LOG_SHAPE_TOO_LARGE',
      `the constant part of a record takes ${shapeBytes} bytes, at most ${limitBytes} fit; send fewer labels`,
    );
    this.shapeBytes = shapeBytes;
    this.limitBytes = limitBytes;
  }
}

/** Constant bytes a shape may have in all: its slot less the descriptor, and slack for a 16-byte load at the end. */
export const MAX_SHAPE_BYTES = layout.SHAPE_SLOT_BYTES - layout.SHAPE_CONSTANTS - layout.SLACK_BYTES;

/** Encodes rows of its kernel. It owns the kernel's shape slots, so there is one per kernel; the SHAPE_SLOTS shapes used
 *  last stay loaded, and loading costs one copy of the constants. */
export class JsonLineEncoder {
  readonly #kernel: Kernel;
  readonly #loaded: (JsonLineShape | undefined)[];
  #nextSlot = 0;
  #renewals: number;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#loaded = kernel.regions.shapes.map(() => undefined);
    this.#renewals = kernel.renewals;
  }

  /** Writes the records of rows firstRow..endRow; see `Kernel.encodeJsonLines`.
   *  @throws {ShapeTooLargeError} when the shape has more than MAX_SHAPE_BYTES */
  encode(
    shape: JsonLineShape,
    firstRow: number,
    endRow: number,
    outStart: number,
    softEnd: number,
    hardEnd: number,
  ): EncodeResult {
    return this.#kernel.encodeJsonLines(firstRow, endRow, this.#load(shape), outStart, softEnd, hardEnd);
  }

  /** Begins the kernel's zlib stream at `outStart`; see `Kernel.beginDeflate`. */
  beginDeflate(outStart: number): void {
    this.#kernel.beginDeflate(outStart);
  }

  /** What `encode` writes, as the next part of the zlib stream; see `Kernel.encodeDeflate`.
   *  @throws {ShapeTooLargeError} when the shape has more than MAX_SHAPE_BYTES */
  encodeDeflate(
    shape: JsonLineShape,
    firstRow: number,
    endRow: number,
    outStart: number,
    softEnd: number,
    hardEnd: number,
  ): EncodeResult {
    return this.#kernel.encodeDeflate(firstRow, endRow, this.#load(shape), outStart, softEnd, hardEnd);
  }

  /** Ends the zlib stream. @returns bytes written */
  endDeflate(outStart: number): number {
    return this.#kernel.endDeflate(outStart);
  }

  #load(shape: JsonLineShape): number {
    if (this.#renewals !== this.#kernel.renewals) {
      this.#loaded.fill(undefined);
      this.#renewals = this.#kernel.renewals;
    }
    const resident = this.#loaded.indexOf(shape);
    if (resident !== -1) return this.#kernel.regions.shapes[resident]!.start;
    const slot = this.#nextSlot;
    const at = this.#kernel.regions.shapes[slot]!.start;
    writeShape(this.#kernel.memory, at, shape);
    this.#loaded[slot] = shape;
    this.#nextSlot = (slot + 1) % this.#loaded.length;
    return at;
  }
}

function writeShape(memory: Buffer, at: number, shape: JsonLineShape): void {
  const parts: readonly (readonly [descriptor: number, bytes: Uint8Array])[] = [
    [layout.SHAPE_HEAD, shape.head],
    [layout.SHAPE_AFTER_ID, shape.afterId],
    [layout.SHAPE_STDOUT, shape.stdout],
    [layout.SHAPE_STDERR, shape.stderr],
    [layout.SHAPE_STDOUT_BARE, shape.stdoutBare],
    [layout.SHAPE_STDERR_BARE, shape.stderrBare],
    [layout.SHAPE_AFTER_MESSAGE, shape.afterMessage],
    [layout.SHAPE_BEFORE_OFFSET, shape.beforeOffset],
    ...shape.tails.map((tail, index) => [layout.SHAPE_TAILS + index * 8, tail] as const),
  ];
  const shapeBytes = parts.reduce((sum, [, bytes]) => sum + bytes.length, 0);
  if (shapeBytes > MAX_SHAPE_BYTES) throw new ShapeTooLargeError(shapeBytes, MAX_SHAPE_BYTES);
  memory.writeUInt32LE(shape.id === 'none' ? layout.ID_NONE : layout.ID_OFFSET_HASH, at + layout.SHAPE_ID_KIND);
  memory.writeUInt32LE(constantBytesPerRecord(shape), at + layout.SHAPE_RECORD_BYTES);
  memory.writeUInt32LE(TIME_FORMS[shape.time ?? 'rfc3339'], at + layout.SHAPE_TIME_FORM);
  memory.writeDoubleLE(0, at + layout.SHAPE_LAST_POSITION); // not yet in the zlib stream
  let next = at + layout.SHAPE_CONSTANTS;
  for (const [descriptor, bytes] of parts) {
    memory.writeUInt32LE(next, at + descriptor);
    memory.writeUInt32LE(bytes.length, at + descriptor + 4);
    memory.set(bytes, next);
    next += bytes.length;
  }
}

const TIME_FORMS = {
  rfc3339: layout.TIME_AS_WRITTEN,
  unix_seconds: layout.TIME_UNIX_SECONDS,
  unix_nanos: layout.TIME_UNIX_NANOS,
} as const;

/** Upper bound over all flags, the bare forms being parts of the full ones. */
export function constantBytesPerRecord(shape: JsonLineShape): number {
  return (
    shape.head.length +
    shape.afterId.length +
    Math.max(shape.stdout.length, shape.stderr.length, shape.stdoutBare.length, shape.stderrBare.length) +
    shape.afterMessage.length +
    shape.beforeOffset.length +
    Math.max(...shape.tails.map((tail) => tail.length)) +
    (shape.time === undefined || shape.time === 'rfc3339' ? 0 : layout.UNIX_TIME_BYTES)
  );
}
