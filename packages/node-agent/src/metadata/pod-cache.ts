/** What the agent knows of the node's pods, on disk: a pod may be deleted while the agent is down, and its logs be read
 *  afterwards. Layout: docs/formats/pod-cache.md. */
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { coalesce } from '@vigie/core/coalesce';
import { errorCode } from '@vigie/core/errors';
import * as v from 'valibot';
import type { PodEntry } from './pod.ts';

/** What the cache needs of node:fs/promises, which has this shape. */
export interface PodCacheFs {
  open(path: string, flags: string, mode?: number): Promise<PodCacheFile>;
  readFile(path: string): Promise<Uint8Array>;
  rename(from: string, to: string): Promise<void>;
  mkdir(path: string, options: { recursive: true }): Promise<unknown>;
}

export interface PodCacheFile {
  /** Behind what was written before. */
  appendFile(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export type PodCacheRead =
  | { readonly status: 'ok'; readonly pods: readonly PodEntry[] }
  | { readonly status: 'absent' }
  | { readonly status: 'unusable'; readonly reason: string };

export type PodCacheWritten =
  | { readonly status: 'written'; readonly pods: number }
  | { readonly status: 'failed'; readonly error: unknown };

const VERSION = 1;
const HEADER = Buffer.from(`vigie-pod-cache ${VERSION}\n`);
const TRAILER = /^crc32 ([0-9a-f]{8}) pods (\d+)\n$/;
const TRAILER_BYTES = 64;
const PIECE_BYTES = 16 * 1024;
const NEWLINE = 0x0a;

/** A node runs a few hundred pods of a few hundred bytes; what is beyond these keeps its labels only as long as the agent
 *  runs. */
const MAX_PODS = 10_000;
const MAX_BYTES = 16 * 1024 * 1024;

const texts = v.record(v.string(), v.string());
const owner = v.nullable(v.object({ kind: v.string(), name: v.string() }));
const podSchema = v.object({
  pathUid: v.string(),
  uid: v.string(),
  namespace: v.string(),
  name: v.string(),
  ip: v.nullable(v.string()),
  labels: texts,
  annotations: texts,
  owner,
  controller: owner,
  images: texts,
});

/** The file piece by piece: in one it would be megabytes, several times over.
 *  @returns how many pods are in it, once it is written */
export function* encodePodCache(pods: Iterable<PodEntry>): Generator<Uint8Array, number> {
  let piece = HEADER;
  let sum = 0;
  let size = HEADER.length + TRAILER_BYTES;
  let count = 0;
  for (const pod of pods) {
    const line = Buffer.from(`${JSON.stringify(lineOf(pod))}\n`);
    if (count === MAX_PODS || size + line.length > MAX_BYTES) break;
    size += line.length;
    count++;
    piece = Buffer.concat([piece, line]);
    if (piece.length < PIECE_BYTES) continue;
    sum = crc32(piece, sum);
    yield piece;
    piece = Buffer.alloc(0);
  }
  const trailer = `crc32 ${hexOf(crc32(piece, sum))} pods ${count}\n`;
  yield Buffer.concat([piece, Buffer.from(trailer)]);
  return count;
}

/** Every cut and every changed byte is found. */
export function decodePodCache(bytes: Uint8Array): PodCacheRead {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (content.length > MAX_BYTES) return unusable(`it has ${content.length} bytes, at most ${MAX_BYTES} are read`);
  if (!content.subarray(0, HEADER.length).equals(HEADER)) return unusable('it does not begin with the header');
  const trailerAt = content.lastIndexOf(NEWLINE, content.length - 2) + 1;
  const trailer = TRAILER.exec(content.toString('latin1', trailerAt));
  if (trailer === null) return unusable('it is cut short');
  const [, sum, count] = trailer;
  if (hexOf(crc32(content.subarray(0, trailerAt))) !== sum) return unusable('its checksum does not match');
  const pods: PodEntry[] = [];
  for (const line of content.toString('utf8', HEADER.length, trailerAt).split('\n')) {
    if (line === '') continue;
    const pod = podOf(line);
    if (pod === undefined) return unusable(`pod ${pods.length + 1} is not one`);
    pods.push(pod);
  }
  return String(pods.length) === count ? { status: 'ok', pods } : unusable(`it has ${pods.length} pods of ${count}`);
}

export class PodCache {
  readonly #path: string;
  readonly #fs: PodCacheFs;
  readonly #pods: () => Iterable<PodEntry>;

  /** Writes what is to be remembered then, if it is not being written already; then once more. Never rejects. */
  readonly write = coalesce(() => this.#write());

  /** @param pods what is to be remembered now */
  constructor(path: string, fs: PodCacheFs, pods: () => Iterable<PodEntry>) {
    this.#path = path;
    this.#fs = fs;
    this.#pods = pods;
  }

  /** Never rejects: without the cache the agent knows less, and no less than its first run. */
  async read(): Promise<PodCacheRead> {
    try {
      return decodePodCache(await this.#fs.readFile(this.#path));
    } catch (error) {
      const code = errorCode(error);
      return code === 'ENOENT' ? { status: 'absent' } : unusable(code ?? 'it cannot be read');
    }
  }

  async #write(): Promise<PodCacheWritten> {
    try {
      await this.#fs.mkdir(dirname(this.#path), { recursive: true });
      // What changes while it is written is written by the next.
      return { status: 'written', pods: await this.#replaceFile(encodePodCache([...this.#pods()])) };
    } catch (error) {
      return { status: 'failed', error };
    }
  }

  /** The old file stays whole until the new one is on the disk. */
  async #replaceFile(pieces: Generator<Uint8Array, number>): Promise<number> {
    const temporary = `${this.#path}.tmp`;
    const file = await this.#fs.open(temporary, 'w', 0o600);
    let pods: number;
    try {
      let next = pieces.next();
      for (; next.done !== true; next = pieces.next()) await file.appendFile(next.value);
      pods = next.value;
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#fs.rename(temporary, this.#path);
    const folder = await this.#fs.open(dirname(this.#path), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
    return pods;
  }
}

function lineOf(pod: PodEntry): v.InferInput<typeof podSchema> {
  return { ...pod, ip: pod.ip ?? null, owner: pod.owner ?? null, controller: pod.controller ?? null };
}

function podOf(line: string): PodEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const decoded = v.safeParse(podSchema, value);
  if (!decoded.success) return undefined;
  const { output: pod } = decoded;
  return { ...pod, ip: pod.ip ?? undefined, owner: pod.owner ?? undefined, controller: pod.controller ?? undefined };
}

function hexOf(sum: number): string {
  return sum.toString(16).padStart(8, '0');
}

function unusable(reason: string): PodCacheRead {
  return { status: 'unusable', reason };
}
