/** The lines of a file, one after the other: of a file of any size one read and one line are in memory. */
import { createReadStream } from 'node:fs';

const LF = 0x0a;
const READ_BYTES = 256 * 1024;

export interface FileLine {
  /** From 1. */
  readonly number: number;
  /** Without the newline; undefined for one that is longer than it may be, and has been passed over. */
  readonly bytes: Buffer | undefined;
}

/** What follows the last newline is a line, too: a person may have edited the file.
 *  @param signal undefined: it is read to its end, or as far as is asked
 *  @throws what the file system throws; the signal's reason */
export async function* fileLines(path: string, maxLineBytes: number, signal?: AbortSignal): AsyncGenerator<FileLine> {
  let parts: Buffer[] = [];
  let length = 0;
  let number = 0;
  const take = (): FileLine => {
    const bytes = length > maxLineBytes ? undefined : Buffer.concat(parts);
    parts = [];
    length = 0;
    return { number: ++number, bytes };
  };
  const keep = (part: Buffer): void => {
    length += part.length;
    if (length > maxLineBytes) parts = [];
    else parts.push(part);
  };
  for await (const chunk of createReadStream(path, { signal, highWaterMark: READ_BYTES })) {
    if (!Buffer.isBuffer(chunk)) continue;
    let from = 0;
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, from)) {
      keep(chunk.subarray(from, at));
      yield take();
      from = at + 1;
    }
    keep(chunk.subarray(from));
  }
  if (length > 0) yield take();
}
