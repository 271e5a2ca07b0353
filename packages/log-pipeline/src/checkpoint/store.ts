/** One lane's checkpoint on disk: read once when the lane starts, then written as a whole whenever it changed. */
import { basename, dirname, join } from 'node:path';
import type { Clock } from '@vigie/core/clock';
import { coalesce } from '@vigie/core/coalesce';
import { errorCode } from '@vigie/core/errors';
import {
  CHECKPOINT_HEADER,
  type CheckpointEntry,
  checkpointTrailer,
  decodeCheckpoint,
  encodeCheckpointEntry,
} from './format.ts';

/** What the store needs of node:fs/promises, which has this shape. */
export interface CheckpointFs {
  open(path: string, flags: string, mode?: number): Promise<CheckpointFileHandle>;
  readFile(path: string): Promise<Uint8Array>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  readdir(path: string): Promise<string[]>;
  mkdir(path: string, options: { recursive: true }): Promise<unknown>;
}

export interface CheckpointFileHandle {
  write(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesWritten: number }>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface CheckpointDeps {
  readonly fs: CheckpointFs;
  readonly clock: Clock;
}

/** `absent`: the lane is new. `corrupt`: what was there cannot be trusted; it now stands at `setAsideAs`. */
export type CheckpointRead =
  | { readonly status: 'ok'; readonly entries: readonly CheckpointEntry[] }
  | { readonly status: 'absent' }
  | { readonly status: 'corrupt'; readonly reason: string; readonly setAsideAs: string };

export type FlushOutcome =
  | { readonly status: 'written'; readonly entries: number; readonly sizeBytes: number }
  | { readonly status: 'unchanged' }
  /** The file is as it was before; the next flush writes again. `code` is the errno name, as ENOSPC. */
  | { readonly status: 'failed'; readonly code: string; readonly error: unknown };

/** More would only fill the disk; one would be overwritten by the next before anybody looked. */
const CORRUPT_FILES_KEPT = 3;

/** Reads the file and opens it for writing. Nothing of what was read is in the store: `put` what still holds
 *  before the first flush.
 *  @param path its folder is made if it is missing
 *  @throws what the file system throws but ENOENT: starting without the checkpoint would send everything again */
export async function openCheckpoint<Key>(
  path: string,
  deps: CheckpointDeps,
): Promise<{ readonly store: CheckpointStore<Key>; readonly read: CheckpointRead }> {
  await deps.fs.mkdir(dirname(path), { recursive: true });
  await unlinkIfThere(temporaryPath(path), deps.fs);
  return { read: await readCheckpoint(path, deps), store: new CheckpointStore<Key>(path, deps) };
}

async function readCheckpoint(path: string, deps: CheckpointDeps): Promise<CheckpointRead> {
  let bytes: Uint8Array;
  try {
    bytes = await deps.fs.readFile(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return { status: 'absent' };
    throw error;
  }
  const decoded = decodeCheckpoint(bytes);
  if (decoded.status === 'ok') return decoded;
  return { status: 'corrupt', reason: decoded.reason, setAsideAs: await setAside(path, deps) };
}

async function setAside(path: string, { fs, clock }: CheckpointDeps): Promise<string> {
  const stamp = `${new Date(clock.nowMs()).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
  const folder = dirname(path);
  const prefix = `${basename(path)}.corrupt-`;
  const older = (await fs.readdir(folder)).filter((name) => name.startsWith(prefix)).sort();
  let name = prefix + stamp;
  for (let n = 1; older.includes(name); n++) name = `${prefix}${stamp}.${n}`;
  await fs.rename(path, join(folder, name));
  const surplus = older.slice(0, Math.max(0, older.length + 1 - CORRUPT_FILES_KEPT));
  for (const file of surplus) await unlinkIfThere(join(folder, file), fs);
  return join(folder, name);
}

const NO_BYTES = Buffer.alloc(0);

/** Serialised lines are kept per entry, so that a flush of 10,000 entries of which few changed costs their
 *  copying and checksum: 4 ms of CPU for 3.4 MB.
 *  `Key` names an entry within this process; it is not written. */
export class CheckpointStore<Key> {
  readonly path: string;
  readonly #deps: CheckpointDeps;
  readonly #lines = new Map<Key, { entry: CheckpointEntry; line: Uint8Array | undefined }>();
  #changes = 0;
  #changesOnDisk = 0;
  readonly #flush = coalesce(() => this.#write());
  #scratch = NO_BYTES;

  constructor(path: string, deps: CheckpointDeps) {
    this.path = path;
    this.#deps = deps;
  }

  /** @param entry not changed afterwards; one that is the same object, or says the same, costs nothing */
  put(key: Key, entry: CheckpointEntry): void {
    const before = this.#lines.get(key);
    if (before !== undefined && sameEntry(before.entry, entry)) return;
    this.#lines.set(key, { entry, line: undefined });
    this.#changes++;
  }

  delete(key: Key): void {
    if (this.#lines.delete(key)) this.#changes++;
  }

  /** Passes it on within the process, where a file would be read that may be older: the last flush of whoever wrote this one may
   *  have failed. This store is not to be written any more.
   *  @returns what `openCheckpoint` would make of the file, had that flush not failed */
  handOver<Next>(): { readonly store: CheckpointStore<Next>; readonly entries: readonly CheckpointEntry[] } {
    const store = new CheckpointStore<Next>(this.path, this.#deps);
    if (this.#changes !== this.#changesOnDisk) store.#changes++;
    return { store, entries: Array.from(this.#lines.values(), ({ entry }) => entry) };
  }

  /** Resolves once everything put before the call is on the disk, or could not be written. One write runs at a
   *  time; the calls that come meanwhile share the next one. Never rejects. */
  flush(): Promise<FlushOutcome> {
    return this.#flush();
  }

  /** Nothing has changed for a while: the memory of the last write goes, 430 KB for 1,000 entries. */
  letGo(): void {
    this.#scratch = NO_BYTES;
  }

  async #write(): Promise<FlushOutcome> {
    const changes = this.#changes;
    if (changes === this.#changesOnDisk) return { status: 'unchanged' };
    const bytes = this.#serialise();
    const entries = this.#lines.size;
    try {
      await this.#replaceFile(bytes);
    } catch (error) {
      // A full disk has no room for half a checkpoint. Where even that fails, the next write begins with it.
      await unlinkIfThere(temporaryPath(this.path), this.#deps.fs).catch(() => undefined);
      return { status: 'failed', code: errorCode(error) ?? 'unknown', error };
    }
    this.#changesOnDisk = changes;
    return { status: 'written', entries, sizeBytes: bytes.length };
  }

  /** @returns a view of the scratch memory, valid until the next call */
  #serialise(): Uint8Array {
    let length = CHECKPOINT_HEADER.length;
    for (const slot of this.#lines.values()) {
      slot.line ??= encodeCheckpointEntry(slot.entry);
      length += slot.line.length;
    }
    if (this.#scratch.length < length + TRAILER_BYTES) {
      this.#scratch = Buffer.allocUnsafe(Math.ceil((length + TRAILER_BYTES) * 1.25));
    }
    const scratch = this.#scratch;
    scratch.set(CHECKPOINT_HEADER);
    let end = CHECKPOINT_HEADER.length;
    for (const { line } of this.#lines.values()) {
      if (line === undefined) continue;
      scratch.set(line, end);
      end += line.length;
    }
    const trailer = checkpointTrailer(scratch.subarray(0, end), this.#lines.size);
    scratch.set(trailer, end);
    return scratch.subarray(0, end + trailer.length);
  }

  /** The old file stays whole until the new one is on the disk, whatever happens in between. */
  async #replaceFile(bytes: Uint8Array): Promise<void> {
    const { fs } = this.#deps;
    const temporary = temporaryPath(this.path);
    const file = await fs.open(temporary, 'w', 0o600);
    try {
      let written = 0;
      while (written < bytes.length) {
        const { bytesWritten } = await file.write(bytes, written, bytes.length - written, written);
        written += bytesWritten;
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.rename(temporary, this.path);
    const folder = await fs.open(dirname(this.path), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

/** `crc32 xxxxxxxx entries N` with up to 16 digits of N. */
const TRAILER_BYTES = 48;

function sameEntry(a: CheckpointEntry, b: CheckpointEntry): boolean {
  return (
    a === b ||
    (a.offset === b.offset &&
      a.size === b.size &&
      a.done === b.done &&
      a.path === b.path &&
      a.ino === b.ino &&
      a.dev === b.dev &&
      a.log === b.log &&
      a.head?.hash === b.head?.hash &&
      a.head?.length === b.head?.length)
  );
}

function temporaryPath(path: string): string {
  return `${path}.tmp`;
}

async function unlinkIfThere(path: string, fs: CheckpointFs): Promise<void> {
  try {
    await fs.unlink(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}
