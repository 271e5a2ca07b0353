/** Messages as UTF-8, which strings of Protocol Buffers have to be. */
import { isUtf8 } from 'node:buffer';
import type { Kernel } from '../kernel/kernel.ts';

/** Looks at the input once for all rows: only where it is ill-formed, or a message lies elsewhere, at one message. Reused. */
export class Utf8Messages {
  /** Of the row that `read` was asked for. */
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  length = 0;
  #kernel: Kernel | undefined;
  #validFrom = 0;
  #validTo = 0;

  /** Rows first..end are going to be asked for. */
  begin(kernel: Kernel, first: number, end: number): void {
    this.#kernel = kernel;
    const { table, memory } = kernel;
    this.#validFrom = 0;
    this.#validTo = 0;
    if (first >= end) return;
    const from = table.lineStart(first);
    const to = table.lineEnd(end - 1);
    if (from >= to || !isUtf8(memory.subarray(from, to))) return;
    this.#validFrom = from;
    this.#validTo = to;
  }

  /** Ill-formed UTF-8 becomes U+FFFD.
   *  Cost: two bytes looked at, or the message where it may be ill-formed */
  read(row: number): void {
    const { table, memory } = this.#kernel!;
    this.bytes = memory;
    this.start = table.messageStart(row);
    this.length = table.messageLength(row);
    const end = this.start + this.length;
    const isWithin = this.start >= this.#validFrom && end < this.#validTo;
    // A part of well-formed text is well-formed where it begins and ends between characters.
    if (!isWithin || isContinuation(memory[this.start]!) || isContinuation(memory[end]!)) {
      const message = memory.subarray(this.start, end);
      if (!isUtf8(message)) this.take(Buffer.from(message.toString('utf8')));
    }
  }

  /** Text that stands in for a message. */
  take(text: Buffer): void {
    this.bytes = text;
    this.start = 0;
    this.length = text.length;
  }

  /** Leaves out what is beyond so many bytes, and the character that is cut by it. */
  cut(maxBytes: number): void {
    let length = Math.min(this.length, maxBytes);
    if (length < this.length) while (length > 0 && isContinuation(this.bytes[this.start + length]!)) length--;
    this.length = length;
  }

  /** Copies what `read` came to.
   *  @returns one past the last byte written */
  copyTo(memory: Buffer, at: number): number {
    if (this.bytes === memory) memory.copyWithin(at, this.start, this.start + this.length);
    else this.bytes.copy(memory, at, this.start, this.start + this.length);
    return at + this.length;
  }
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
