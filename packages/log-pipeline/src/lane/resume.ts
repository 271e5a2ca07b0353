import type { CheckpointEntry } from '../checkpoint/format.ts';
import type { ContainerLog, Generation } from '../tail/generation.ts';

export interface ResumeOptions {
  readonly readFrom: 'beginning' | 'end';
  /** Files that have not changed for longer are not begun. */
  readonly ignoreOlderMs: number | undefined;
}

/** Where to begin in a generation, and what is known of it from before. */
export interface Place {
  /** First byte to read. */
  readonly offset: number;
  /** The entry that says so, used up by this. */
  readonly entry: CheckpointEntry | undefined;
}

/** Whether a generation that the checkpoint knows is missing between two others. `unsure`: a scan may have missed it. */
export type Gap = 'none' | 'unsure' | 'certain';

/** What the checkpoint knows of a log, oldest first, as it was written. */
interface Known {
  readonly entry: CheckpointEntry;
  generation: Generation | undefined;
}

/** Where to begin in a generation: the checkpoint where it knows it, else what the configuration says. */
export class Resume {
  readonly #options: ResumeOptions;
  /** The lane has run before, so a file it does not know came while it was down and is read from its start. */
  readonly #ranBefore: boolean;
  readonly #logs = new Map<string, Known[]>();
  #toldVanished = false;
  #allBegun = false;

  constructor(entries: readonly CheckpointEntry[] | undefined, options: ResumeOptions) {
    this.#options = options;
    this.#ranBefore = entries !== undefined;
    for (const entry of entries ?? []) {
      const known = { entry, generation: undefined };
      const list = this.#logs.get(entry.log);
      if (list === undefined) this.#logs.set(entry.log, [known]);
      else list.push(known);
    }
  }

  get logs(): Iterable<string> {
    return this.#logs.keys();
  }

  placeOf(generation: Generation, monotonicMs: number): Place {
    const list = this.#logs.get(generation.log.key);
    const known = list?.find((one) => one.generation === undefined && isSame(one.entry, generation));
    if (known !== undefined && !this.#toldVanished) {
      known.generation = generation;
      if (list?.every((one) => one.generation !== undefined)) this.#logs.delete(generation.log.key);
      return { offset: offsetIn(generation, known.entry), entry: known.entry };
    }
    // Of a lane before this one in the same process: that one counted what it had not read. What came, and went, since nobody did.
    if (generation.gone !== undefined && !this.#allBegun) return { offset: generation.sizeBytes, entry: undefined };
    const { readFrom, ignoreOlderMs } = this.#options;
    const tooOld = ignoreOlderMs !== undefined && monotonicMs - generation.grownAtMs > ignoreOlderMs;
    const fromEnd = readFrom === 'end' && !this.#ranBefore && generation.log.initial;
    return { offset: tooOld || fromEnd ? generation.sizeBytes : 0, entry: undefined };
  }

  /** Every generation that there was at the start has its place. */
  allBegun(): void {
    this.#allBegun = true;
  }

  /** A message that is open at the end of one generation goes on in the next one only if that is the next one.
   *  @param before read by this lane, older than `after` */
  gapBetween(log: ContainerLog, before: Generation, after: Generation): Gap {
    const list = this.#logs.get(log.key);
    const from = list?.findIndex((one) => one.generation === before) ?? -1;
    if (list === undefined || from < 0) return 'none';
    const to = list.findIndex((one) => one.generation === after);
    const between = list.slice(from + 1, to < 0 ? list.length : to);
    if (!between.some((one) => one.generation === undefined && mayLack(one.entry))) return 'none';
    return this.#toldVanished ? 'certain' : 'unsure';
  }

  /** Generations that the checkpoint knows and nothing on disk answers to. */
  get unclaimed(): CheckpointEntry[] {
    if (this.#toldVanished) return [];
    const known = [...this.#logs.values()].flat();
    return known.filter((one) => one.generation === undefined).map((one) => one.entry);
  }

  /** As `unclaimed`, with the bytes of each that were never acknowledged: from now on they count as gone. */
  takeVanished(): { readonly entry: CheckpointEntry; readonly lostBytes: number }[] {
    const vanished = this.unclaimed;
    this.#toldVanished = true;
    for (const [log, list] of this.#logs) {
      if (list.every((one) => one.generation === undefined)) this.#logs.delete(log);
    }
    return vanished.map((entry) => ({ entry, lostBytes: Math.max(0, entry.size - entry.offset) }));
  }
}

/** Shorter than what was acknowledged, yet opening with the same line, a live file was written anew; a rotated one is a
 *  copy that was cut short. */
function offsetIn(generation: Generation, entry: CheckpointEntry): number {
  return generation.live && entry.offset > generation.sizeBytes ? 0 : entry.offset;
}

/** Whether bytes of it may be missing from what was acknowledged; of one without a first line nothing is known, it may
 *  stand there as an archive. */
function mayLack({ head, offset, size, done }: CheckpointEntry): boolean {
  return head !== undefined && !(done && offset >= size);
}

/** The first line decides where there is one: inodes are used again, and X.gz has another than X. */
function isSame(entry: CheckpointEntry, generation: Generation): boolean {
  if (entry.head !== undefined && generation.head !== undefined) {
    return entry.head.length === generation.head.length && entry.head.hash === generation.head.hash;
  }
  return entry.head === undefined && generation.inode === `${entry.dev}:${entry.ino}`;
}
