/** A value made from files that others replace while we run: secrets, certificates. */
import { readFileSync, statSync } from 'node:fs';
import type { Clock } from './clock.ts';
import { VigieError } from './errors.ts';

/** How often the files are looked at. The kubelet itself brings a changed Secret into a pod within about a minute. */
export const FILE_CHECK_INTERVAL_MS = 10_000;

export class ReloadedFiles<T> {
  readonly #paths: readonly string[];
  readonly #decode: (contents: readonly Buffer[]) => T;
  readonly #clock: Clock;
  #loaded: { readonly value: T; readonly versions: string } | undefined;
  #checkedAtMs = Number.NEGATIVE_INFINITY;
  #failure: unknown;

  /** @param decode turns the contents, in the order of `paths`, into the value; may throw */
  constructor(paths: readonly string[], decode: (contents: readonly Buffer[]) => T, clock: Clock) {
    this.#paths = paths;
    this.#decode = decode;
    this.#clock = clock;
  }

  /** The value of the files as they are, at most FILE_CHECK_INTERVAL_MS ago; the same object while they stay the same.
   *  Files are replaced one after another, so a set that cannot be read or does not fit together leaves the last good
   *  value in place (see `failure`) and is tried again.
   *  @throws {VigieError} FILE_UNREADABLE, or what decode throws, when there is no last good value */
  current(): T {
    const nowMs = this.#clock.monotonicMs();
    if (this.#loaded !== undefined && nowMs - this.#checkedAtMs < FILE_CHECK_INTERVAL_MS) return this.#loaded.value;
    return this.check();
  }

  /** As current(), looking at the files now. */
  check(): T {
    this.#checkedAtMs = this.#clock.monotonicMs();
    try {
      const versions = this.#paths.map((path) => onFile(path, versionOf)).join(' ');
      if (this.#loaded?.versions !== versions) {
        const value = this.#decode(this.#paths.map((path) => onFile(path, (readable) => readFileSync(readable))));
        this.#loaded = { value, versions };
      }
      this.#failure = undefined;
      return this.#loaded.value;
    } catch (error) {
      if (this.#loaded === undefined) throw error;
      this.#failure = error;
      return this.#loaded.value;
    }
  }

  /** Why the files, as they are now, are not what current() answers; undefined when they are. */
  get failure(): unknown {
    return this.#failure;
  }
}

/** Follows symbolic links, so that the kubelet's swap of `..data` shows. */
function versionOf(path: string): string {
  const { dev, ino, size, mtimeMs, ctimeMs } = statSync(path);
  return `${dev}:${ino}:${size}:${mtimeMs}:${ctimeMs}`;
}

function onFile<T>(path: string, act: (path: string) => T): T {
  try {
    return act(path);
  } catch (error) {
    throw new VigieError('FILE_UNREADABLE', `cannot read ${path}`, { cause: error });
  }
}
