import type { FoundFile } from './found-file.ts';
import type { ContainerLog, Generation } from './generation.ts';
import { gzipHead, gzipPlainSize } from './gzip-reader.ts';
import { headMatches } from './head.ts';
import { readHeadOf } from './read-head.ts';

/** A file's first bytes, or why they cannot be read. */
export type Opening =
  | {
      /** The first line and perhaps more, plain. */
      readonly bytes: Buffer;
      /** All there is, plain, as it was before they were read: so many bytes are of what opens so. */
      readonly sizeBytes: number;
    }
  | { readonly error: unknown };

/** By path. */
export type Openings = ReadonlyMap<string, Opening>;

export const NOTHING: Opening = { bytes: Buffer.alloc(0), sizeBytes: 0 };

/** Of the files that have to be told from others, and of the live one where there is any: the others may be what was in it
 *  before. It is read last: what a copy has and it has not is what it had. */
export async function readOpenings(log: ContainerLog, files: readonly FoundFile[]): Promise<Openings> {
  const known = generationsByInode(log);
  const openings = new Map<string, Opening>();
  for (const file of files) {
    if (!file.live && isOpeningAsked(file, known.get(file.inode))) openings.set(file.path, await readOpening(file));
  }
  for (const file of files) {
    if (!file.live || file.sizeBytes === 0) continue;
    if (openings.size > 0 || isOpeningAsked(file, known.get(file.inode))) {
      openings.set(file.path, await readOpening(file));
    }
  }
  return openings;
}

async function readOpening({ path, gzip, sizeBytes }: FoundFile): Promise<Opening> {
  try {
    return gzip
      ? { sizeBytes: gzipPlainSize(path), bytes: await gzipHead(path) }
      : { sizeBytes, bytes: readHeadOf(path) };
  } catch (error) {
    return { error };
  }
}

/** Whether all openings are there that these files ask for, and none was read of a file that has been truncated since. */
export function areOpeningsOf(openings: Openings, log: ContainerLog, files: readonly FoundFile[]): boolean {
  const known = generationsByInode(log);
  return files.every((file) => {
    const opening = openings.get(file.path);
    if (opening === undefined) return !isOpeningAsked(file, known.get(file.inode));
    return 'error' in opening || file.gzip || opening.sizeBytes <= file.sizeBytes;
  });
}

/** Whether nobody knows its first line, or it may be another by now. A rename changes path and ctime, so that an archive's
 *  beginning is inflated once a rotation at most. */
function isOpeningAsked(file: FoundFile, generation: Generation | undefined): boolean {
  const isElsewhere = generation?.path !== file.path;
  const isTouched = generation?.changedNs !== file.changedNs;
  if (file.gzip) return generation?.encoding !== 'gzip' || isElsewhere || isTouched;
  if (file.sizeBytes === 0) return false;
  if (generation?.head === undefined || generation.encoding !== 'plain') return true;
  if (generation.suspect || isElsewhere || file.sizeBytes < generation.sizeBytes) return true;
  return isTouched && file.sizeBytes === generation.sizeBytes;
}

export function opensAs(generation: Generation, opening: Opening): boolean {
  return generation.head !== undefined && 'bytes' in opening && headMatches(generation.head, opening.bytes);
}

/** Those whose bytes are in a file. */
export function generationsByInode(log: ContainerLog): Map<string, Generation> {
  const known = new Map<string, Generation>();
  for (const generation of log.generations) {
    if (generation.inode !== undefined) known.set(generation.inode, generation);
  }
  return known;
}
