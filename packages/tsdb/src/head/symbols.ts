/** Label names and values, each once, as small numbers. A symbol that no series has any more is forgotten, and its number
 *  given to another. */
import { bug } from '@vigie/core/errors';

export class Symbols {
  readonly #ids = new Map<string, number>();
  readonly #texts: (string | undefined)[] = [];
  #uses = new Uint32Array(1024);
  readonly #free: number[] = [];
  #textUnits = 0;

  get count(): number {
    return this.#ids.size;
  }

  /** About: two bytes a UTF-16 unit, and what V8 takes for a string, a map entry and a slot. */
  get estimatedBytes(): number {
    return 2 * this.#textUnits + 64 * this.#ids.size + this.#uses.byteLength;
  }

  find(text: string): number | undefined {
    return this.#ids.get(text);
  }

  text(id: number): string {
    const text = this.#texts[id];
    if (text === undefined) throw bug(`no symbol ${id}`);
    return text;
  }

  /** Counts one more use. */
  acquire(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.#free.pop() ?? this.#texts.length;
      this.#texts[id] = text;
      this.#ids.set(text, id);
      this.#textUnits += text.length;
      if (id >= this.#uses.length) this.#uses = grown(this.#uses);
    }
    this.#uses[id]!++;
    return id;
  }

  release(id: number): void {
    if (--this.#uses[id]! > 0) return;
    const text = this.text(id);
    this.#ids.delete(text);
    this.#texts[id] = undefined;
    this.#textUnits -= text.length;
    this.#free.push(id);
  }
}

function grown(from: Uint32Array): Uint32Array<ArrayBuffer> {
  const to = new Uint32Array(from.length * 2);
  to.set(from);
  return to;
}
