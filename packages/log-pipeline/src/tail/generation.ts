import type { Head } from './head.ts';
import type { ContainerLinkFacts, PodPathFacts } from './pod-path.ts';

/** Where a container's log stands: one live path and the generations that rotation made of it. */
export interface ContainerLog {
  /** The live file's real path: unique, and what checkpoints name. */
  readonly key: string;
  /** Folder and name of the live file. */
  readonly folder: string;
  readonly base: string;
  /** The path a person knows (in /var/log/pods where the link passes there). */
  readonly displayPath: string;
  readonly pod: PodPathFacts | undefined;
  container: ContainerLinkFacts | undefined;
  /** Oldest first; the live one, where there is one, last. */
  generations: Generation[];
  /** Found by the agent's first scan, so `read_from` applies to it. */
  readonly initial: boolean;
}

/** One file's worth of bytes: an inode while it lives, whatever it is called, or the .gz made of it. */
export interface Generation {
  readonly id: number;
  readonly log: ContainerLog;
  /** Current name; undefined once no name leads to it (unlinked, or overwritten by truncation). */
  path: string | undefined;
  /** `dev:ino` of the file that holds the bytes now; undefined when they are gone. */
  inode: string | undefined;
  encoding: 'plain' | 'gzip';
  order: string;
  live: boolean;
  head: Head | undefined;
  /** Bytes before compression, as last seen. */
  sizeBytes: number;
  /** Size at which its first line was last seen to be its own. What was added since may be another file's, under the
   *  same name and inode. */
  certainBytes: number;
  /** Size it had before a copy that is shorter took its place: bytes from `sizeBytes` up to here are gone. */
  cutFromBytes: number | undefined;
  changedNs: bigint;
  /** Monotonic time at which it last grew (before the agent started: as its mtime tells). */
  grownAtMs: number;
  /** Why bytes that nobody read yet are gone; undefined while they can be had. */
  gone: GoneReason | undefined;
  /** A reader saw bytes that contradict `head`: the next scan verifies before it trusts the inode. */
  suspect: boolean;
}

/** `deleted`: unlinked before it was open. `truncated`: overwritten in place with no copy beside it.
 *  `deleted_budget`: unlinked, and more unread bytes were held open than the budget allows. */
export type GoneReason = 'deleted' | 'truncated' | 'deleted_budget' | 'corrupt_gzip';

/** A rotated file may still grow until its writer reopens: containerd at once, nginx when it is told to. */
export const SEAL_AFTER_MS = 5_000;

/** Whether nobody writes to it any more, so that what follows its last newline will never be completed. */
export function isSealed(generation: Generation, monotonicMs: number): boolean {
  if (generation.encoding === 'gzip' || generation.gone !== undefined) return true;
  return !generation.live && monotonicMs - generation.grownAtMs >= SEAL_AFTER_MS;
}
