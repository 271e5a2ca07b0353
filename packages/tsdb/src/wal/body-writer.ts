/** Records one behind the other in memory that grows: begin, put, end. Little-endian. */
import { FRAME_HEAD_BYTES, frameBytes, sealFrame } from './frames.ts';

const FIRST_BYTES = 64 * 1024;

export class BodyWriter {
  #bytes: Buffer = Buffer.alloc(FIRST_BYTES);
  #recordAt = 0;
  #at = 0;

  /** What is finished. */
  get length(): number {
    return this.#recordAt;
  }

  /** Of the record that is being written. */
  get bodyLength(): number {
    return this.#at - this.#recordAt - FRAME_HEAD_BYTES;
  }

  begin(): void {
    this.#at = this.#recordAt + FRAME_HEAD_BYTES;
    this.#reserve(0);
  }

  end(type: number): void {
    const { bodyLength } = this;
    this.#reserve(8);
    sealFrame(this.#bytes, this.#recordAt, type, bodyLength);
    this.#recordAt += frameBytes(bodyLength);
  }

  /** The last record once more. @param from where it began, as `length` said before it */
  repeat(from: number): void {
    const size = this.#recordAt - from;
    this.#at = this.#recordAt;
    this.#reserve(size);
    this.#bytes.copy(this.#bytes, this.#recordAt, from, this.#recordAt);
    this.#recordAt += size;
  }

  word(value: number): void {
    this.#reserve(4);
    this.#at = this.#bytes.writeUInt32LE(value, this.#at);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  text(value: string): void {
    const size = Buffer.byteLength(value);
    this.word(size);
    this.#reserve(size);
    this.#at += this.#bytes.write(value, this.#at);
  }

  /** Copies the memory of a column, or any bytes. */
  column(column: Float64Array | Uint32Array | Uint8Array): void {
    this.#reserve(column.byteLength);
    this.#bytes.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), this.#at);
    this.#at += column.byteLength;
  }

  /** All finished records; the writer begins anew, with other memory.
   *  @param spare memory of an earlier call that nobody reads any more */
  take(spare: Buffer | undefined): Buffer {
    const taken = this.#bytes.subarray(0, this.#recordAt);
    this.#bytes = spare === undefined ? Buffer.alloc(FIRST_BYTES) : spare;
    this.#recordAt = 0;
    this.#at = 0;
    return taken;
  }

  #reserve(size: number): void {
    const needed = this.#at + size + 8;
    if (needed <= this.#bytes.length) return;
    const more = Buffer.alloc(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(more, 0, 0, Math.min(this.#at, this.#bytes.length));
    this.#bytes = more;
  }
}

/** Reads what a BodyWriter put. Behind the end of the body, everything is 0 and empty, and `isWhole` says so. */
export class BodyReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;
  #isWhole = true;

  constructor(bytes: Buffer, bodyAt: number, bodyBytes: number) {
    this.#bytes = bytes;
    this.#at = bodyAt;
    this.#end = bodyAt + bodyBytes;
  }

  /** Whether nothing was read behind the end. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  get bytesLeft(): number {
    return this.#end - this.#at;
  }

  word(): number {
    const at = this.#take(4);
    return at < 0 ? 0 : this.#bytes.readUInt32LE(at);
  }

  double(): number {
    const at = this.#take(8);
    return at < 0 ? 0 : this.#bytes.readDoubleLE(at);
  }

  text(): string {
    const size = this.word();
    const at = this.#take(size);
    return at < 0 ? '' : this.#bytes.toString('utf8', at, at + size);
  }

  /** A view. */
  bytes(size: number): Uint8Array {
    const at = this.#take(size);
    return this.#bytes.subarray(Math.max(0, at), Math.max(0, at) + (at < 0 ? 0 : size));
  }

  /** A view of doubles where they lie. @returns empty where they are not all there */
  doubles(count: number): Float64Array {
    const at = this.#take(count * 8);
    return at < 0 ? new Float64Array(0) : new Float64Array(this.#bytes.buffer, this.#bytes.byteOffset + at, count);
  }

  words(count: number): Uint32Array {
    const at = this.#take(count * 4);
    return at < 0 ? new Uint32Array(0) : new Uint32Array(this.#bytes.buffer, this.#bytes.byteOffset + at, count);
  }

  #take(size: number): number {
    if (size > this.bytesLeft) {
      this.#isWhole = false;
      this.#at = this.#end;
      return -1;
    }
    this.#at += size;
    return this.#at - size;
  }
}
