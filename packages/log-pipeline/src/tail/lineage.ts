import type { Descriptors } from './descriptors.ts';
import type { FoundFile } from './found-file.ts';
import type { ContainerLog, Generation } from './generation.ts';
import { SEAL_AFTER_MS } from './generation.ts';
import { type Head, headOf } from './head.ts';
import { generationsByInode, NOTHING, type Opening, type Openings, opensAs } from './openings.ts';

export interface LineageDeps {
  readonly descriptors: Descriptors;
  readonly nowMs: number;
  readonly monotonicMs: number;
  readonly nextId: () => number;
  /** The folder changed while it was listed: what seems missing may only have been renamed meanwhile. */
  readonly unsteady: boolean;
  readonly corrupt: (path: string, error: unknown) => void;
}

/** A name seen missing counts as gone only when a scan this much later misses it too: a rename under way
 *  shows a file under neither name. */
const MISSING_FOR_MS = 20;

const missingSince = new WeakMap<Generation, number>();

/** Matches the files now in the folder to the generations known, and orders them oldest first.
 *  An inode is believed while size and first line agree; a new inode with a known first line is the
 *  copy or the .gz of that generation, not new bytes.
 *  @param openings of all files that `isOpeningAsked` names
 *  @returns whether another scan must follow soon (a generation seems missing, not yet believed) */
export function reconcileLineage(
  log: ContainerLog,
  files: readonly FoundFile[],
  openings: Openings,
  deps: LineageDeps,
): boolean {
  const ordered = [...files].sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0));
  const present = new Set(ordered.map((file) => file.inode));
  const known = generationsByInode(log);
  const live = ordered.find((file) => file.live);
  // A file that is open and has no name any more is known by its first line too, should its archive be here.
  for (const generation of log.generations) {
    if (generation.head !== undefined || generation.inode === undefined || present.has(generation.inode)) continue;
    const opening = deps.descriptors.openingOf(generation);
    if (opening !== undefined) learnHead(generation, opening);
  }
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
    const opening = openings.get(file.path);
    if (plainStays ? sameBytes(generation, file, opening) : file.gzip && sameArchive(generation, opening)) continue;
    // Else the inode was used again: by the archive made of another generation, or by the next live file.
    if (plainStays) {
      truncated.add(generation);
      // By its size alone the other file was taken for this one, grown.
      if (file.sizeBytes >= generation.sizeBytes) generation.sizeBytes = generation.certainBytes;
    }
    letGo(generation);
  }

  const anew = begunAnew(ordered, log.generations, known, openings, deps.nowMs);
  if (anew?.status === 'copied') {
    truncated.add(anew.generation);
    anew.generation.sizeBytes = anew.generation.certainBytes;
    letGo(anew.generation);
  }

  let again = anew?.status === 'unsure';
  const placed = new Map<Generation, FoundFile>();
  const twinOf = (head: Head): Generation | undefined =>
    [...log.generations, ...placed.keys()].find((one) => one.gone === undefined && isSameHead(one.head, head));
  // Nothing was read of a generation without a first line, so a copy that can hold all of it is as good as any.
  const headlessTwin = (file: FoundFile): Generation | undefined =>
    file.live
      ? undefined
      : log.generations.find(
          (one) =>
            (one.inode === undefined || !present.has(one.inode)) &&
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
      const opening = openings.get(file.path);
      if (same !== anew?.generation && opening !== undefined) learnHead(same, opening);
      continue;
    }
    if (isBesidePlain(file, ordered)) continue;
    const opening = openings.get(file.path) ?? NOTHING;
    if ('error' in opening) {
      deps.corrupt(file.path, opening.error);
      continue;
    }
    const old = deps.nowMs - file.modifiedMs > SEAL_AFTER_MS;
    const head = headOf(opening.bytes, file.gzip || (!file.live && old));
    // A rotated name without a whole line yet is a copy being made: the next scan can tell of what.
    if (head === undefined && !file.live) continue;
    const twin = head === undefined ? undefined : (twinOf(head) ?? headlessTwin(file));
    if (twin !== undefined && isHeld(twin)) continue;
    if (twin?.head === undefined && twin?.inode !== undefined && deps.unsteady) {
      // Its file may stand under a name that the listing missed.
      again = true;
      continue;
    }
    const generation = twin ?? createGeneration(log, file, head, deps);
    if (twin !== undefined) {
      deps.descriptors.close(twin);
      twin.head ??= head;
      twin.inode = file.inode;
      twin.encoding = file.gzip ? 'gzip' : 'plain';
    }
    const plainBytes = opening.sizeBytes;
    // By the time it is compressed the live file may have been begun anew twice, and have grown beyond.
    const seenBytes = file.gzip ? generation.certainBytes : generation.sizeBytes;
    // A copy that nobody adds to any more lacks what was written while it was made.
    const isComplete = file.gzip || (old && !file.live);
    generation.sizeBytes = isComplete ? plainBytes : Math.max(plainBytes, seenBytes);
    if (isComplete && seenBytes > plainBytes) generation.cutFromBytes = seenBytes;
    generation.certainBytes = generation.sizeBytes;
    truncated.delete(generation);
    placed.set(generation, file);
  }

  for (const [generation, file] of placed) adopt(generation, file, deps.monotonicMs);
  const isReplaced = live !== undefined;
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

function sameBytes(generation: Generation, file: FoundFile, opening: Opening | undefined): boolean {
  if (file.sizeBytes < generation.sizeBytes) return false;
  // Not read: nobody doubts it. Not readable: whoever reads it finds out why.
  if (opening === undefined || 'error' in opening || generation.head === undefined) return true;
  if (!opensAs(generation, opening)) return false;
  generation.suspect = false;
  generation.certainBytes = opening.sizeBytes;
  return true;
}

function sameArchive(generation: Generation, opening: Opening | undefined): boolean {
  return generation.encoding === 'gzip' && (opening === undefined || opensAs(generation, opening));
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
 *  @returns undefined where there is no such copy, or the live file has what is in it */
function begunAnew(
  ordered: readonly FoundFile[],
  generations: readonly Generation[],
  known: ReadonlyMap<string, Generation>,
  openings: Openings,
  nowMs: number,
): BegunAnew | undefined {
  const live = ordered.find((file) => file.live);
  const generation = live === undefined ? undefined : known.get(live.inode);
  if (live === undefined || generation === undefined || generation.head !== undefined) return undefined;
  // The oldest first, if it was copied twice. An empty copy may be filled; not one of an empty file, nor an old one.
  for (const copy of ordered) {
    if (copy.live || known.has(copy.inode) || isBesidePlain(copy, ordered)) continue;
    if (!copy.gzip && nowMs - copy.modifiedMs > SEAL_AFTER_MS) continue;
    if (copy.sizeBytes + generation.sizeBytes === 0) continue;
    const opening = openings.get(copy.path) ?? NOTHING;
    if ('error' in opening) continue;
    const copied = headOf(opening.bytes, copy.gzip);
    if (copied === undefined) return { status: 'unsure', generation, copy };
    if (generations.some(({ head }) => isSameHead(head, copied))) continue;
    const own = openings.get(live.path) ?? NOTHING;
    const head = 'bytes' in own ? headOf(own.bytes) : undefined;
    return isSameHead(head, copied) ? undefined : { status: 'copied', generation, copy };
  }
  return undefined;
}

/** An archive beside the file that it is made of, perhaps not all of it yet. */
function isBesidePlain(file: FoundFile, files: readonly FoundFile[]): boolean {
  return file.gzip && files.some((other) => !other.gzip && other.path === file.plainPath);
}

function isSameHead(one: Head | undefined, other: Head): boolean {
  return one?.hash === other.hash && one.length === other.length;
}

/** A generation that nobody has read yet gets its first line as soon as it is there: its .gz or copy is known by it. */
function learnHead(generation: Generation, opening: Opening): void {
  if (generation.head !== undefined || generation.encoding === 'gzip' || 'error' in opening) return;
  generation.head = headOf(opening.bytes);
  generation.certainBytes = opening.sizeBytes;
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
