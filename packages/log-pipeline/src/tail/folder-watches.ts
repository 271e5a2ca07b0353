import { type FSWatcher, watch } from 'node:fs';
import { isErrno } from './descriptors.ts';

/** inotify watches on folders. One that cannot be had (limit reached) is not retried for each event:
 *  whoever asks `has` polls instead. */
export class FolderWatches {
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #onEvent: (folder: string, name: string | undefined) => void;
  readonly #onError: (folder: string, error: unknown) => void;

  constructor(
    onEvent: (folder: string, name: string | undefined) => void,
    onError: (folder: string, error: unknown) => void,
  ) {
    this.#onEvent = onEvent;
    this.#onError = onError;
  }

  get size(): number {
    return this.#watchers.size;
  }

  has(folder: string): boolean {
    return this.#watchers.has(folder);
  }

  add(folder: string): void {
    if (this.#watchers.has(folder)) return;
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => this.#onEvent(folder, name ?? undefined));
      watcher.on('error', (error) => {
        this.#onError(folder, error);
        this.remove(folder);
      });
      this.#watchers.set(folder, watcher);
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) this.#onError(folder, error);
    }
  }

  remove(folder: string): void {
    const watcher = this.#watchers.get(folder);
    if (watcher === undefined) return;
    this.#watchers.delete(folder);
    watcher.close();
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }
}
