import type { Generation } from '../tail/generation.ts';

/** A claim on bytes that are read but not acknowledged: the checkpoint stays at or before its start. */
export interface Hold {
  readonly progress: Progress;
  readonly start: number;
  /** Slots, and the batch itself, that still need it. */
  users: number;
  /** Holds on records that were open where this one starts: reading again from its start would find them without
   *  their beginning, so they stay as long as it does. */
  readonly before: Hold[];
}

/** How far one reader has come in one generation. */
export class Progress {
  readonly generation: Generation;
  /** First byte not read yet. */
  readOffset: number;
  /** File size at which an unfinished last line was seen: nothing to do until it grows. */
  stuckAtBytes = -1;
  /** The next line is longer than what one turn may read: the next read takes all that a line may have. */
  longLine = false;
  /** Inside a line longer than the limit whose rest is being passed over. */
  skipping: Hold | undefined;
  /** Its bytes are gone and counted: nothing will be read any more. */
  abandoned = false;
  /** What its copy lacks is counted. */
  cutCounted = false;
  readonly #holds: Hold[] = [];

  constructor(generation: Generation, readOffset: number) {
    this.generation = generation;
    this.readOffset = readOffset;
  }

  /** Lowest unacknowledged byte: what the checkpoint says. */
  get ackedOffset(): number {
    return this.#holds[0]?.start ?? this.readOffset;
  }

  get settled(): boolean {
    return this.#holds.length === 0;
  }

  /** @param start not before the start of any hold taken earlier (readers move forward only) */
  hold(start: number): Hold {
    const hold: Hold = { progress: this, start, users: 1, before: [] };
    this.#holds.push(hold);
    return hold;
  }

  /** Keeps `open` at least as long as `hold`. */
  static tie(hold: Hold, open: Hold): void {
    open.users++;
    hold.before.push(open);
  }

  /** Gives up one use; the last one lets the checkpoint move on.
   *  @returns whose checkpoint may have moved: this one's, and those of records that stayed open on its behalf */
  release(hold: Hold): readonly Progress[] {
    hold.users--;
    const moved: Progress[] = [this];
    if (hold.users === 0) for (const open of hold.before) moved.push(...open.progress.release(open));
    while (this.#holds[0]?.users === 0) this.#holds.shift();
    return moved;
  }
}
