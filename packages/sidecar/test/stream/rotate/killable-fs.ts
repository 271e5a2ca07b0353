/** The file system of a process that is killed before one of its calls: nothing happens from then on. */
import * as fs from 'node:fs';
import type { RotationFs } from '../../../src/stream/rotate/rotation-fs.ts';

export class Killed extends Error {}

/** Calls that change something on disk, or would. */
const CHANGING = new Set([
  'openSync',
  'writeSync',
  'renameSync',
  'unlinkSync',
  'ftruncateSync',
  'fchmodSync',
  'fchownSync',
  'fsync',
]);

export class KillableFs {
  /** Changing calls so far. */
  calls = 0;
  readonly #before: (name: string) => void;
  #killAt = Number.POSITIVE_INFINITY;
  #dead = false;

  /** @param before called before every call that changes something, as a writer that works at the same time */
  constructor(before: (name: string) => void = () => undefined) {
    this.#before = before;
  }

  /** The changing call of that number, from 0, is not made, nor any behind it. */
  killAt(call: number): void {
    this.calls = 0;
    this.#killAt = call;
    this.#dead = false;
  }

  readonly fs: RotationFs = new Proxy(fs, {
    get: (target, name, receiver): unknown => {
      const own: unknown = Reflect.get(target, name, receiver);
      if (typeof own !== 'function') return own;
      return (...parameters: readonly unknown[]): unknown => {
        // What a dead process had open the kernel closes.
        if (name === 'closeSync') return Reflect.apply(own, target, parameters);
        if (CHANGING.has(String(name)) && !this.#dead) {
          this.#before(String(name));
          if (this.calls++ === this.#killAt) this.#dead = true;
        }
        if (this.#dead) throw new Killed();
        return Reflect.apply(own, target, parameters);
      };
    },
  });
}
