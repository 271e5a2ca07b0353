/** A file of lines that grows to a size and is then renamed aside: what the `file` sink and dead letters write.
 *  Bytes count as written when they are on the disk, and a failed write leaves no half line behind. */
import { type FileHandle, mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '@vigie/core/durable-files';
import { errorCode } from '@vigie/core/errors';

export interface RotationLimits {
  /** The file is renamed to `.1` before it would exceed this. A single write may. */
  readonly maxBytes: number;
  /** Renamed files kept, `.1` the newest; what falls off is deleted. */
  readonly keep: number;
}

export type AppendOutcome =
  | { readonly status: 'ok' }
  /** Nothing of it counts as written. `code` is the errno name, as ENOSPC. */
  | { readonly status: 'failed'; readonly code: string; readonly detail: string };

interface Waiting {
  readonly lines: Uint8Array;
  readonly settle: (outcome: AppendOutcome) => void;
}

interface OpenFile {
  readonly handle: FileHandle;
  readonly ino: bigint;
  sizeBytes: number;
  /** Its length at the last fsync: what is beyond may be torn. */
  syncedBytes: number;
}

const NEWLINE = 0x0a;
const TAIL_BLOCK_BYTES = 64 * 1024;

export class RotatingFile {
  readonly path: string;
  readonly #limits: RotationLimits;
  readonly #discarded: (bytes: number) => void;
  #file: OpenFile | undefined;
  #waiting: Waiting[] = [];
  #working: Promise<void> | undefined;

  /** @param discarded told the size of each renamed file that is deleted beyond `keep` */
  constructor(path: string, limits: RotationLimits, discarded: (bytes: number) => void) {
    this.path = path;
    this.#limits = limits;
    this.#discarded = discarded;
  }

  /** Appends whole lines and waits for the disk. Appends that come while one is at work share the next fsync.
   *  @param lines not changed until the promise settles. Never rejects. */
  append(lines: Uint8Array): Promise<AppendOutcome> {
    return new Promise((settle) => {
      this.#waiting.push({ lines, settle });
      this.#working ??= this.#work();
    });
  }

  /** Waits for the appends that were asked for. */
  async close(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
    await this.#closeFile();
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      await this.#appendGroup(group);
    }
    this.#working = undefined;
  }

  async #appendGroup(group: readonly Waiting[]): Promise<void> {
    /** Settled: on the disk. */
    let synced = 0;
    const sync = async (file: OpenFile, written: number): Promise<void> => {
      await file.handle.sync();
      file.syncedBytes = file.sizeBytes;
      for (; synced < written; synced++) group[synced]?.settle({ status: 'ok' });
    };
    try {
      let file = await this.#current();
      for (const [index, { lines }] of group.entries()) {
        if (file.sizeBytes > 0 && file.sizeBytes + lines.length > this.#limits.maxBytes) {
          await sync(file, index);
          await this.#rotate();
          file = await this.#current();
        }
        await writeAll(file, lines);
      }
      await sync(file, group.length);
    } catch (error) {
      await this.#abandonFile();
      const outcome: AppendOutcome = { status: 'failed', code: errorCode(error) ?? 'unknown', detail: String(error) };
      for (const { settle } of group.slice(synced)) settle(outcome);
    }
  }

  /** Takes back what is not on the disk for sure: it will be written again. Where the disk refuses even that,
   *  the torn line is cut when the file is opened next. */
  async #abandonFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.truncate(file.syncedBytes).catch(() => undefined);
    await file?.handle.close().catch(() => undefined);
  }

  /** The open file, opened anew where somebody moved or deleted it (logrotate, a person). */
  async #current(): Promise<OpenFile> {
    if (this.#file !== undefined && (await inodeAt(this.path)) !== this.#file.ino) await this.#closeFile();
    this.#file ??= await openForAppend(this.path);
    return this.#file;
  }

  async #rotate(): Promise<void> {
    await this.#closeFile();
    const { keep } = this.#limits;
    const oldest = keep === 0 ? this.path : `${this.path}.${keep}`;
    const oldestSize = await sizeAt(oldest);
    if (oldestSize !== undefined) {
      await unlink(oldest);
      this.#discarded(oldestSize);
    }
    for (let n = keep; n >= 1; n--) {
      const from = n === 1 ? this.path : `${this.path}.${n - 1}`;
      if ((await sizeAt(from)) !== undefined) await rename(from, `${this.path}.${n}`);
    }
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close();
  }
}

async function openForAppend(path: string): Promise<OpenFile> {
  await mkdir(dirname(path), { recursive: true });
  const handle = await open(path, 'a+', 0o640);
  try {
    const { ino, size } = await handle.stat({ bigint: true });
    const sizeBytes = await cutTornLine(handle, Number(size));
    await syncFolder({ open }, dirname(path));
    return { handle, ino, sizeBytes, syncedBytes: sizeBytes };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** A process killed while it wrote leaves a line without its end; its record was never acknowledged and comes
 *  again, so the torn copy goes. Bytes that did not come from us (they do not open an object) stay, closed off.
 *  @returns the size after it */
async function cutTornLine(handle: FileHandle, sizeBytes: number): Promise<number> {
  const block = Buffer.alloc(TAIL_BLOCK_BYTES);
  let tail = sizeBytes;
  let firstByte = NEWLINE;
  while (tail > 0) {
    const start = Math.max(0, tail - block.length);
    const { bytesRead } = await handle.read(block, 0, tail - start, start);
    const newline = block.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    firstByte = newline + 1 < bytesRead ? (block[newline + 1] ?? firstByte) : firstByte;
    tail = start + newline + 1;
    if (newline >= 0) break;
  }
  if (tail === sizeBytes) return sizeBytes;
  if (firstByte === 0x7b) {
    await handle.truncate(tail);
    return tail;
  }
  await handle.write(Uint8Array.of(NEWLINE));
  return sizeBytes + 1;
}

async function writeAll(file: OpenFile, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.handle.write(bytes, done, bytes.length - done, null);
    done += bytesWritten;
  }
  file.sizeBytes += bytes.length;
}

async function inodeAt(path: string): Promise<bigint | undefined> {
  return (await statAt(path))?.ino;
}

async function sizeAt(path: string): Promise<number | undefined> {
  const stats = await statAt(path);
  return stats === undefined ? undefined : Number(stats.size);
}

async function statAt(path: string): Promise<{ readonly ino: bigint; readonly size: bigint } | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
