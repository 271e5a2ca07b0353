/** Rotation for writers that cannot open their log again: its bytes are copied, then the file is cut to nothing. What is written
 *  between the last look at its size and the cut is lost, to everybody: no call of the system does both. Nothing else happens in
 *  between. */
import { promisify } from 'node:util';
import { lookAt, type RotationFs } from './rotation-fs.ts';

export type CopyTruncated =
  | {
      readonly status: 'truncated';
      /** Between the last look at the size and the end of the cut: what was written in it is lost. */
      readonly windowMs: number;
    }
  /** The name leads to another file by now. */
  | { readonly status: 'moved' }
  /** It ended within a line, of which the cut would make two, or grew all the time. */
  | { readonly status: 'busy' };

export interface CopyTruncateDeps {
  readonly fs: RotationFs;
  readonly monotonicMs: () => number;
  /** Lets other work run between two pieces. */
  readonly breathe: () => Promise<void>;
}

/** Also what a pass over the tail takes at most before it looks again. */
const PIECE_BYTES = 256 * 1024;
const NEWLINE = 0x0a;
/** A look takes a few microseconds, and nothing is streamed meanwhile. */
const LAST_LOOKS = 2_000;

/** While it is being copied it is called so, which nobody takes for a log. */
export function unfinishedCopy(copy: string): string {
  return `${copy}.tmp`;
}

/** Copies `live` to `copy` and truncates it. A process that is killed on the way leaves a copy that `copy`'s beginning shows to be
 *  one (`isCopyOf`), or an unfinished one; the bytes are in `live` then.
 *  @param inode that `live` is taken for
 *  @param evenTorn cuts it within a line too
 *  @throws what the file system throws; the copy is removed then, and nothing cut
 *  Cost: the bulk is copied while the writer goes on; then whatever came meanwhile, again and again, until nothing did */
export async function copyTruncate(
  live: string,
  copy: string,
  inode: string,
  evenTorn: boolean,
  deps: CopyTruncateDeps,
): Promise<CopyTruncated> {
  const { fs, breathe } = deps;
  const from = fs.openSync(live, 'r+');
  try {
    const stat = fs.fstatSync(from, { bigint: true });
    if (`${stat.dev}:${stat.ino}` !== inode) return { status: 'moved' };
    const unfinished = unfinishedCopy(copy);
    const to = fs.openSync(unfinished, 'wx', Number(stat.mode) & 0o777);
    let name = unfinished;
    let done = false;
    try {
      const copier = new Copier(from, to, fs);
      while (copier.copyPiece() === PIECE_BYTES) await breathe();
      // The node may lose its power behind the cut.
      await promisify(fs.fsync)(to);
      while (copier.copyPiece() === PIECE_BYTES) await breathe();
      fs.renameSync(unfinished, copy);
      name = copy;
      const result = cutBehind(copier, from, evenTorn, deps);
      done = result.status === 'truncated';
      return result;
    } finally {
      fs.closeSync(to);
      if (!done) fs.unlinkSync(name);
    }
  } finally {
    fs.closeSync(from);
  }
}

/** Without a pause: every turn of the loop that finds more copies it and looks again. */
function cutBehind(
  copier: Copier,
  from: number,
  evenTorn: boolean,
  { fs, monotonicMs }: CopyTruncateDeps,
): CopyTruncated {
  for (let looks = 0; looks < LAST_LOOKS; looks++) {
    const isAtEnd = copier.copyPiece() === 0;
    const sinceMs = monotonicMs();
    if (isAtEnd && (copier.endsWithNewline || evenTorn) && fs.fstatSync(from).size === copier.copiedBytes) {
      fs.ftruncateSync(from, 0);
      return { status: 'truncated', windowMs: monotonicMs() - sinceMs };
    }
  }
  return { status: 'busy' };
}

/** Cuts a file of which no copy is needed.
 *  @param sizeBytes that it must have: what is beyond would be lost
 *  @returns `moved` also where it has grown */
export function truncateAt(
  live: string,
  inode: string,
  sizeBytes: number | undefined,
  { fs, monotonicMs }: CopyTruncateDeps,
): CopyTruncated {
  const found = lookAt(live, fs);
  if (found?.inode !== inode) return { status: 'moved' };
  const fd = fs.openSync(live, 'r+');
  try {
    const sinceMs = monotonicMs();
    const stat = fs.fstatSync(fd, { bigint: true });
    if (`${stat.dev}:${stat.ino}` !== inode) return { status: 'moved' };
    if (sizeBytes !== undefined && Number(stat.size) !== sizeBytes) return { status: 'moved' };
    fs.ftruncateSync(fd, 0);
    return { status: 'truncated', windowMs: monotonicMs() - sinceMs };
  } finally {
    fs.closeSync(fd);
  }
}

/** Whether every byte of `copy` stands at its place in `live`: then nothing was cut since it was made.
 *  Cost: reads both as far as they agree */
export function isCopyOf(copy: string, live: string, fs: RotationFs): boolean {
  const one = fs.openSync(copy, 'r');
  try {
    const other = fs.openSync(live, 'r');
    try {
      const copied = Buffer.allocUnsafe(PIECE_BYTES);
      const written = Buffer.allocUnsafe(PIECE_BYTES);
      for (let at = 0; ; ) {
        const length = fs.readSync(one, copied, 0, PIECE_BYTES, at);
        if (length === 0) return at > 0;
        const found = fs.readSync(other, written, 0, length, at);
        if (!copied.subarray(0, length).equals(written.subarray(0, found))) return false;
        at += length;
      }
    } finally {
      fs.closeSync(other);
    }
  } finally {
    fs.closeSync(one);
  }
}

class Copier {
  copiedBytes = 0;
  endsWithNewline = false;
  readonly #from: number;
  readonly #to: number;
  readonly #fs: RotationFs;
  readonly #piece = Buffer.allocUnsafe(PIECE_BYTES);

  constructor(from: number, to: number, fs: RotationFs) {
    this.#from = from;
    this.#to = to;
    this.#fs = fs;
  }

  /** @returns how many bytes there were to copy, at most a piece */
  copyPiece(): number {
    const piece = this.#piece;
    const length = this.#fs.readSync(this.#from, piece, 0, PIECE_BYTES, this.copiedBytes);
    for (let done = 0; done < length; ) {
      done += this.#fs.writeSync(this.#to, piece, done, length - done, this.copiedBytes + done);
    }
    if (length > 0) this.endsWithNewline = piece[length - 1] === NEWLINE;
    this.copiedBytes += length;
    return length;
  }
}
