import type { Generation } from '../tail/generation.ts';

/** A claim on bytes that are read but not acknowledged: the checkpoint stays at or before its start. */
export interface Hold {
  readonly progress: Progress;
  readonly start: number;
  /** Slots, and the batch itself, that still need it. */
  users: number;
  /** Holds that stay as long as this one does: on records that were open where it starts, because reading again from
   *  its start would find them without their beginning, and on what of it lies in a later generation. */
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
  /** Something of it has been read. */
  entered = false;
  /** Its bytes are gone and counted: nothing will be read any more. */
  abandoned = false;
  /** What its copy lacks is counted. */
  cutCounted = false;
  /** By their start. */
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

  /** @param start a byte that is read and not acknowledged.
   *  Cost: a step back for every hold that starts later; records that stay open are held when their read is framed */
  hold(start: number): Hold {
    const hold: Hold = { progress: this, start, users: 1, before: [] };
    let at = this.#holds.length;
    while (at > 0 && this.#holds[at - 1]!.start > start) at--;
    this.#holds.splice(at, 0, hold);
    return hold;
  }

  /** Keeps `open` at least as long as `hold`. */
  static tie(hold: Hold, open: Hold): void {
    open.users++;
    hold.before.push(open);
  }

  /** Reading comes from another generation into this one while a record that began there is open. As long as anything up
   *  to its beginning is unacknowledged, reading again would find that beginning, and has to find the rest of it here. */
  follow(open: Hold, start: number): void {
    const earlier = open.progress.#holds.filter((hold) => hold.users > 0 && hold.start <= open.start);
    if (open.progress === this || earlier.length === 0) return;
    const rest = this.hold(start);
    rest.users = earlier.length;
    for (const hold of earlier) hold.before.push(rest);
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
