/** Which series have a label: for each name and value the slots of its series, ascending. A value of a single series, as
 *  a pod's uid, costs a map entry and no list. */
import { bug } from '@vigie/core/errors';

const FIRST_CAPACITY = 4;

class SlotList {
  slots = new Int32Array(FIRST_CAPACITY);
  length = 0;
  /** See Values. */
  version = 0;

  /** New series mostly have the highest slot. */
  insert(slot: number): void {
    if (this.length === this.slots.length) {
      const more = new Int32Array(this.length + Math.max(FIRST_CAPACITY, this.length >>> 1));
      more.set(this.slots);
      this.slots = more;
    }
    const at = this.#position(slot);
    if (at < this.length) this.slots.copyWithin(at + 1, at, this.length);
    this.slots[at] = slot;
    this.length++;
  }

  remove(slot: number): void {
    const at = this.#position(slot);
    if (this.slots[at] !== slot || at >= this.length) throw bug(`slot ${slot} is in no list`);
    this.slots.copyWithin(at, at + 1, this.length);
    this.length--;
    if (this.length < this.slots.length >>> 2) this.slots = this.slots.slice(0, this.length + FIRST_CAPACITY);
  }

  #position(slot: number): number {
    let low = 0;
    let high = this.length;
    if (high === 0 || this.slots[high - 1]! < slot) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.slots[middle]! < slot) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

interface Values {
  readonly byId: Map<number, number | SlotList>;
  /** Another one after each change, and never one that the name has had before. */
  version: number;
}

export class Postings {
  readonly #byName = new Map<number, Values>();
  #version = 0;
  #entries = 0;
  #pairs = 0;

  /** Pairs of name and value. */
  get pairs(): number {
    return this.#pairs;
  }

  /** About: a map entry a pair, four bytes an entry and the room to grow. */
  get estimatedBytes(): number {
    return 48 * this.#pairs + 6 * this.#entries;
  }

  get names(): Iterable<number> {
    return this.#byName.keys();
  }

  add(name: number, value: number, slot: number): void {
    let values = this.#byName.get(name);
    if (values === undefined) {
      values = { byId: new Map(), version: 0 };
      this.#byName.set(name, values);
    }
    const list = values.byId.get(value);
    values.version = ++this.#version;
    this.#entries++;
    if (list === undefined) {
      values.byId.set(value, slot);
      this.#pairs++;
    } else if (typeof list === 'number') {
      const both = new SlotList();
      both.insert(list);
      both.insert(slot);
      both.version = values.version;
      values.byId.set(value, both);
    } else {
      list.insert(slot);
      list.version = values.version;
    }
  }

  remove(name: number, value: number, slot: number): void {
    const values = this.#byName.get(name);
    const list = values?.byId.get(value);
    if (values === undefined || list === undefined) throw bug(`no postings of ${name} ${value}`);
    values.version = ++this.#version;
    this.#entries--;
    if (typeof list !== 'number') {
      list.remove(slot);
      list.version = values.version;
      if (list.length > 0) return;
    }
    values.byId.delete(value);
    this.#pairs--;
    if (values.byId.size === 0) this.#byName.delete(name);
  }

  /** Symbols of the values that series have for the name. */
  values(name: number): Iterable<number> {
    return this.#byName.get(name)?.byId.keys() ?? [];
  }

  /** The same as long as all lists of the name are; 0 without any. */
  version(name: number): number {
    return this.#byName.get(name)?.version ?? 0;
  }

  /** The same as long as the list of the pair is; 0 where it has none, with less than two series. */
  pairVersion(name: number, value: number): number {
    const list = this.#byName.get(name)?.byId.get(value);
    return list === undefined || typeof list === 'number' ? 0 : list.version;
  }

  count(name: number, value: number): number {
    const list = this.#byName.get(name)?.byId.get(value);
    return list === undefined ? 0 : typeof list === 'number' ? 1 : list.length;
  }

  /** The slots of a pair, ascending. A view, valid until the next change. */
  slots(name: number, value: number): Int32Array {
    const list = this.#byName.get(name)?.byId.get(value);
    if (list === undefined) return NO_SLOTS;
    return typeof list === 'number' ? Int32Array.of(list) : list.slots.subarray(0, list.length);
  }
}

export const NO_SLOTS = new Int32Array(0);
