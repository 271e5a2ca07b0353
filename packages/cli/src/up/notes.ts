/** What the program has to say, kept until the screen shows it. */
import type { Note } from './screen.ts';

/** A fault that repeats must not grow without bound between two frames. */
const MAX_WAITING = 20;

export class Notes {
  #waiting: Note[] = [];
  #print: ((note: Note) => void) | undefined;

  add(note: Note): void {
    if (this.#print !== undefined) this.#print(note);
    else if (this.#waiting.length < MAX_WAITING) this.#waiting.push(note);
  }

  /** Those since the last call. */
  take(): readonly Note[] {
    const notes = this.#waiting;
    this.#waiting = [];
    return notes;
  }

  /** From now on each goes there at once, those that wait first. */
  passTo(print: (note: Note) => void): void {
    this.#print = print;
    for (const note of this.take()) print(note);
  }
}
