import { statSync } from 'node:fs';
import type { Descriptors } from './descriptors.ts';
import type { ContainerLog, Generation } from './generation.ts';
import { SEAL_AFTER_MS } from './generation.ts';
import { gzipHead, gzipPlainSize } from './gzip-reader.ts';
import { type Head, headMatches, headOf } from './head.ts';
import { readHeadOf } from './read-head.ts';

/** A file of a log's folder as one scan saw it. */
export interface FoundFile {
  readonly path: string;
  readonly live: boolean;
  readonly gzip: boolean;
  /** Path without `.gz`. */
  readonly plainPath: string;
  readonly order: string;
  readonly inode: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly changedNs: bigint;
}

export interface LineageDeps {
  readonly descriptors: Descriptors;
  readonly nowMs: number;
  readonly monotonicMs: number;
  readonly nextId: () => number;
  /** The folder changed while it was listed: what seems missing may only have been renamed meanwhile. */
  readonly unsteady: boolean;
  /** Whether the file still stands under its name, asked after what took time. */
  readonly isStillThere: (file: FoundFile) => boolean;
  readonly corrupt: (path: string, error: unknown) => void;
}

/** A name seen missing counts as gone only when a scan this much later misses it too: a rename under way
 *  shows a file under neither name. */
const MISSING_FOR_MS = 20;

const missingSince = new WeakMap<Generation, number>();

/** Matches the files now in the folder to the generations known, and orders them oldest first.
 *  An inode is believed while size and first line agree; a new inode with a known first line is the
 *  copy or the .gz of that generation, not new bytes.
 *  @returns whether another scan must follow soon (a generation seems missing, not yet believed) */
export async function reconcileLineage(
  log: ContainerLog,
  files: readonly FoundFile[],
  deps: LineageDeps,
): Promise<boolean> {
  const ordered = [...files].sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0));
  const plain = ordered.filter((file) => !file.gzip);
  const present = new Set(ordered.map((file) => file.inode));
  const known = new Map<string, Generation>();
  for (const generation of log.generations) {
    if (generation.inode !== undefined) known.set(generation.inode, generation);
  }
  const archives = await archiveHeads(ordered, known);
  // Inflating took time: what was renamed meanwhile is matched by the next scan, on a listing that is true again.
  // From here on nothing waits.
  if (!ordered.every(deps.isStillThere)) return true;
  const truncated = new Set<Generation>();
  /** Its file is another's now. */
  const letGo = (generation: Generation): void => {
    if (generation.inode !== undefined) known.delete(generation.inode);
    generation.inode = undefined;
    generation.path = undefined;
    deps.descriptors.close(generation);
  };
  for (const file of ordered) {
    const generation = known.get(file.inode);
    if (generation === undefined) continue;
    const plainStays = !file.gzip && generation.encoding === 'plain';
    if (plainStays ? sameBytes(generation, file) : file.gzip && sameArchive(generation, file, archives.get(file)))
      continue;
    // Else the inode was used again: by the archive made of another generation, or by the next live file.
    if (plainStays) {
      truncated.add(generation);
      // By its size alone the other file was taken for this one, grown.
      if (file.sizeBytes >= generation.sizeBytes) generation.sizeBytes = generation.certainBytes;
    }
    letGo(generation);
  }

  const anew = begunAnew(ordered, log.generations, known, deps.nowMs);
  if (anew?.status === 'copied') {
    truncated.add(anew.generation);
    letGo(anew.generation);
  }

  const placed = new Map<Generation, FoundFile>();
  const twinOf = (head: Head): Generation | undefined =>
    [...log.generations, ...placed.keys()].find((one) => one.gone === undefined && isSameHead(one.head, head));
  // Nothing was read of a generation without a first line, so a copy that can hold all of it is as good as any.
  const headlessTwin = (file: FoundFile): Generation | undefined =>
    file.live
      ? undefined
      : log.generations.find(
          (one) =>
            one.inode === undefined &&
            one.gone === undefined &&
            one.head === undefined &&
            !placed.has(one) &&
            (one === anew?.generation ? file === anew.copy : file.gzip || one.sizeBytes <= file.sizeBytes),
        );
  const isHeld = (generation: Generation): boolean =>
    placed.has(generation) || (generation.inode !== undefined && present.has(generation.inode));

  // A copy beside the file that it was made of is no generation while that file holds the bytes, and may grow.
  for (const file of [...ordered.filter((one) => one.live), ...ordered.filter((one) => !one.live)]) {
    const same = known.get(file.inode);
    if (same !== undefined) {
      placed.set(same, file);
      if (same !== anew?.generation) learnHead(same, file);
      continue;
    }
    if (file.gzip && plain.some((other) => other.path === file.plainPath)) continue;
    let bytes: Buffer;
    try {
      const archive = archives.get(file);
      if (archive instanceof Error) throw archive;
      bytes = archive ?? readHeadOf(file.path);
    } catch (error) {
      deps.corrupt(file.path, error);
      continue;
    }
    const old = deps.nowMs - file.modifiedMs > SEAL_AFTER_MS;
    const head = headOf(bytes, file.gzip || (!file.live && old));
    // A rotated name without a whole line yet is a copy being made: the next scan can tell of what.
    if (head === undefined && !file.live) continue;
    const twin = head === undefined ? undefined : (twinOf(head) ?? headlessTwin(file));
    if (twin !== undefined && isHeld(twin)) continue;
    const generation = twin ?? createGeneration(log, file, head, deps);
    if (twin !== undefined) {
      deps.descriptors.close(twin);
      twin.head ??= head;
      twin.inode = file.inode;
      twin.encoding = file.gzip ? 'gzip' : 'plain';
    }
    if (file.gzip) {
      try {
        generation.sizeBytes = gzipPlainSize(file.path);
      } catch (error) {
        deps.corrupt(file.path, error);
        continue;
      }
    } else {
      const seenBytes = twin === undefined ? 0 : twin.sizeBytes;
      generation.sizeBytes = Math.max(file.sizeBytes, seenBytes);
      // A copy that nobody adds to any more lacks what was written while it was made.
      if (old && !file.live && seenBytes > file.sizeBytes) {
        generation.sizeBytes = file.sizeBytes;
        generation.cutFromBytes = seenBytes;
      }
    }
    generation.certainBytes = generation.sizeBytes;
    truncated.delete(generation);
    placed.set(generation, file);
  }

  for (const [generation, file] of placed) adopt(generation, file, deps.monotonicMs);
  const isReplaced = ordered.some((file) => file.live);
  let again = anew?.status === 'unsure';
  const missing: Generation[] = [];
  for (const generation of log.generations) {
    if (placed.has(generation)) {
      missingSince.delete(generation);
      continue;
    }
    missing.push(generation);
    if (generation.gone !== undefined) continue;
    if (isReplaced && generation.live && generation.inode !== undefined) retire(generation, deps);
    const since = missingSince.get(generation) ?? deps.monotonicMs;
    missingSince.set(generation, since);
    if (deps.unsteady || deps.monotonicMs - since < MISSING_FOR_MS) {
      again = true;
      continue;
    }
    generation.path = undefined;
    generation.live = false;
    if (generation.inode !== undefined && deps.descriptors.has(generation)) {
      learnSize(generation, deps);
      continue;
    }
    generation.inode = undefined;
    generation.gone = truncated.has(generation) || wasTruncated(generation) ? 'truncated' : 'deleted';
  }
  for (const generation of truncated) truncatedOnce.add(generation);
  log.generations = [
    ...missing,
    ...[...placed].sort((a, b) => (a[1].order < b[1].order ? -1 : 1)).map(([generation]) => generation),
  ];
  return again;
}

const truncatedOnce = new WeakSet<Generation>();
const wasTruncated = (generation: Generation): boolean => truncatedOnce.has(generation);

function sameBytes(generation: Generation, file: FoundFile): boolean {
  if (file.sizeBytes < generation.sizeBytes) return false;
  const doubtful =
    generation.suspect ||
    generation.path !== file.path ||
    (file.changedNs !== generation.changedNs && file.sizeBytes === generation.sizeBytes);
  if (!doubtful || generation.head === undefined) return true;
  try {
    if (!headMatches(generation.head, readHeadOf(file.path))) return false;
  } catch {
    // The file vanished since the listing: the scan that follows sees where it went.
    return true;
  }
  generation.suspect = false;
  generation.certainBytes = file.sizeBytes;
  return true;
}

/** A rename changes path and ctime, so that an archive's beginning is inflated once a rotation at most. */
function sameArchive(generation: Generation, file: FoundFile, head: Buffer | Error | undefined): boolean {
  if (generation.encoding !== 'gzip') return false;
  if (isUnmoved(generation, file)) return true;
  return generation.head !== undefined && Buffer.isBuffer(head) && headMatches(generation.head, head);
}

function isUnmoved(generation: Generation, file: FoundFile): boolean {
  return generation.path === file.path && generation.changedNs === file.changedNs;
}

/** The first lines of the archives that have to be told apart, or why they cannot be read. */
async function archiveHeads(
  files: readonly FoundFile[],
  known: ReadonlyMap<string, Generation>,
): Promise<ReadonlyMap<FoundFile, Buffer | Error>> {
  const heads = new Map<FoundFile, Buffer | Error>();
  for (const file of files) {
    const generation = known.get(file.inode);
    if (!file.gzip || (generation?.encoding === 'gzip' && isUnmoved(generation, file))) continue;
    try {
      heads.set(file, await gzipHead(file.path));
    } catch (error) {
      heads.set(file, error instanceof Error ? error : new Error(String(error)));
    }
  }
  return heads;
}

export function isStillThere(file: FoundFile): boolean {
  const stat = statSync(file.path, { bigint: true, throwIfNoEntry: false });
  return stat !== undefined && `${stat.dev}:${stat.ino}` === file.inode;
}

function createGeneration(log: ContainerLog, file: FoundFile, head: Head | undefined, deps: LineageDeps): Generation {
  return {
    id: deps.nextId(),
    log,
    path: pathOf(file, log),
    inode: file.inode,
    encoding: file.gzip ? 'gzip' : 'plain',
    order: file.order,
    live: file.live,
    head,
    sizeBytes: 0,
    certainBytes: 0,
    cutFromBytes: undefined,
    changedNs: file.changedNs,
    grownAtMs: deps.monotonicMs - Math.max(0, deps.nowMs - file.modifiedMs),
    gone: undefined,
    suspect: false,
  };
}

interface BegunAnew {
  /** `unsure`: the copy has no whole line yet. */
  readonly status: 'copied' | 'unsure';
  /** Of the live file, until now. */
  readonly generation: Generation;
  readonly copy: FoundFile;
}

/** A live file that nobody has read a line of, beside a copy of what nobody knows: what the file held when it was last looked
 *  at may be in the copy, and what is in it now be younger. Its first line tells.
 *  @returns undefined where there is no such copy, or the first line is learnt */
function begunAnew(
  ordered: readonly FoundFile[],
  generations: readonly Generation[],
  known: ReadonlyMap<string, Generation>,
  nowMs: number,
): BegunAnew | undefined {
  const live = ordered.find((file) => file.live);
  const generation = live === undefined ? undefined : known.get(live.inode);
  if (live === undefined || generation === undefined || generation.head !== undefined) return undefined;
  // The oldest first, if it was copied twice. An empty copy may be filled; not one of an empty file, nor an old one.
  for (const copy of ordered) {
    if (copy.live || copy.gzip || known.has(copy.inode) || nowMs - copy.modifiedMs > SEAL_AFTER_MS) continue;
    if (copy.sizeBytes + generation.sizeBytes === 0) continue;
    try {
      const copied = headOf(readHeadOf(copy.path));
      if (copied === undefined) return { status: 'unsure', generation, copy };
      if (generations.some(({ head }) => isSameHead(head, copied))) continue;
      const head = headOf(readHeadOf(live.path));
      if (!isSameHead(head, copied)) return { status: 'copied', generation, copy };
      generation.head = head;
      generation.certainBytes = live.sizeBytes;
      return undefined;
    } catch {
      // Renamed since the listing: the scan that follows finds it.
      return { status: 'unsure', generation, copy };
    }
  }
  return undefined;
}

function isSameHead(one: Head | undefined, other: Head): boolean {
  return one?.hash === other.hash && one.length === other.length;
}

/** A generation that nobody has read yet gets its first line as soon as it is there: its .gz or copy is known by it. */
function learnHead(generation: Generation, file: FoundFile): void {
  if (generation.head !== undefined || file.gzip || file.sizeBytes === 0) return;
  try {
    generation.head = headOf(readHeadOf(file.path));
    generation.certainBytes = file.sizeBytes;
  } catch {
    // Renamed since the listing: the scan that follows finds it.
  }
}

function adopt(generation: Generation, file: FoundFile, monotonicMs: number): void {
  if (generation.encoding === 'plain' && file.sizeBytes > generation.sizeBytes) {
    generation.sizeBytes = file.sizeBytes;
    generation.grownAtMs = monotonicMs;
  }
  // A rename counts as growth: the writer may not have reopened yet.
  if (generation.live && !file.live) generation.grownAtMs = monotonicMs;
  generation.path = pathOf(file, generation.log);
  generation.inode = file.inode;
  generation.order = file.order;
  generation.live = file.live;
  generation.changedNs = file.changedNs;
}

/** Of a live file the string that its log has already: a node has a thousand of them, and they are long. */
function pathOf({ path }: FoundFile, { key }: ContainerLog): string {
  return path === key ? key : path;
}

/** Another file has taken its name, and not its place on the disk. What was added to it before, and by a writer that has not
 *  heard of that, comes before what is in the other one. */
function retire(generation: Generation, deps: LineageDeps): void {
  generation.live = false;
  generation.grownAtMs = deps.monotonicMs;
  learnSize(generation, deps);
}

/** Of an open file that no name is known to lead to. */
function learnSize(generation: Generation, { descriptors, monotonicMs }: LineageDeps): void {
  const sizeBytes = descriptors.sizeOf(generation);
  if (sizeBytes === undefined || sizeBytes <= generation.sizeBytes) return;
  generation.sizeBytes = sizeBytes;
  generation.grownAtMs = monotonicMs;
}
