import type { CheckpointEntry } from '../checkpoint/format.ts';
import type { Generation } from '../tail/generation.ts';

export interface ResumeOptions {
  readonly readFrom: 'beginning' | 'end';
  /** Files that have not changed for longer are not begun. */
  readonly ignoreOlderMs: number | undefined;
}

/** Where to begin in a generation: the checkpoint where it knows it, else what the configuration says. */
export class Resume {
  readonly #options: ResumeOptions;
  /** The lane has run before, so a file it does not know came while it was down and is read from its start. */
  readonly #ranBefore: boolean;
  readonly #entries = new Map<string, CheckpointEntry[]>();

  constructor(entries: readonly CheckpointEntry[] | undefined, options: ResumeOptions) {
    this.#options = options;
    this.#ranBefore = entries !== undefined;
    for (const entry of entries ?? []) {
      const list = this.#entries.get(entry.log);
      if (list === undefined) this.#entries.set(entry.log, [entry]);
      else list.push(entry);
    }
  }

  get logs(): Iterable<string> {
    return this.#entries.keys();
  }

  /** @returns first byte to read; the entry that says so is used up */
  offsetOf(generation: Generation, monotonicMs: number): number {
    const list = this.#entries.get(generation.log.key);
    const index = list?.findIndex((entry) => isSame(entry, generation)) ?? -1;
    const entry = index < 0 ? undefined : list?.splice(index, 1)[0];
    if (list?.length === 0) this.#entries.delete(generation.log.key);
    if (entry !== undefined) {
      // Shorter than what was acknowledged, yet the same first line: rewritten from its start.
      return entry.offset <= generation.sizeBytes ? entry.offset : 0;
    }
    const { readFrom, ignoreOlderMs } = this.#options;
    if (ignoreOlderMs !== undefined && monotonicMs - generation.grownAtMs > ignoreOlderMs) {
      return generation.sizeBytes;
    }
    if (readFrom === 'end' && !this.#ranBefore && generation.log.initial) return generation.sizeBytes;
    return 0;
  }

  /** Generations that the checkpoint knows and nothing on disk answers to any more, with the bytes of them
   *  that were never acknowledged. Each is told once. */
  takeVanished(): { readonly entry: CheckpointEntry; readonly lostBytes: number }[] {
    const vanished = [...this.#entries.values()].flat();
    this.#entries.clear();
    return vanished.map((entry) => ({ entry, lostBytes: Math.max(0, entry.size - entry.offset) }));
  }
}

/** The first line decides where there is one: inodes are used again, and X.gz has another than X. */
function isSame(entry: CheckpointEntry, generation: Generation): boolean {
  if (entry.head !== undefined && generation.head !== undefined) {
    return entry.head.length === generation.head.length && entry.head.hash === generation.head.hash;
  }
  return entry.head === undefined && generation.inode === `${entry.dev}:${entry.ino}`;
}
