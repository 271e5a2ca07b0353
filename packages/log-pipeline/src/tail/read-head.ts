import { closeSync, openSync, readSync } from 'node:fs';
import { FIRST_READ_BYTES, HEAD_BYTES, isHeadCut } from './head.ts';

/** The file's first bytes: the first line and perhaps more, HEAD_BYTES at most. */
export function readHead(fd: number): Buffer {
  const some = readUpTo(fd, FIRST_READ_BYTES);
  return some.length === FIRST_READ_BYTES && isHeadCut(some) ? readUpTo(fd, HEAD_BYTES) : some;
}

export function readHeadOf(path: string): Buffer {
  const fd = openSync(path, 'r');
  try {
    return readHead(fd);
  } finally {
    closeSync(fd);
  }
}

function readUpTo(fd: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(fd, bytes, 0, length, 0));
}
