import type { CatalogReaders } from './catalog-reader.ts';
import type { Descriptors } from './descriptors.ts';
import { type ContainerLog, type Generation, isSealed } from './generation.ts';

export interface UnreadLimits {
  readonly maxOpenFiles: number;
  /** Unread bytes of files without a name that may be kept open, in sum. */
  readonly deletedBytesLimit: number;
}

/** Files that are kept open because somebody has not read them yet: once no name leads to them, only that keeps their
 *  bytes. Within limits: what a dead sink does not take must not fill the disk unseen. */
export class UnreadFiles {
  readonly #descriptors: Descriptors;
  readonly #readers: CatalogReaders;

  constructor(descriptors: Descriptors, readers: CatalogReaders) {
    this.#descriptors = descriptors;
    this.#readers = readers;
  }

  /** Opens what is unread while there is room: a file that is deleted before its turn comes can then still be read. */
  keepReachable(log: ContainerLog, { maxOpenFiles }: UnreadLimits): void {
    for (const generation of log.generations) {
      if (generation.encoding === 'gzip' || generation.path === undefined) continue;
      if (this.#descriptors.size >= maxOpenFiles || this.#descriptors.has(generation)) continue;
      if (this.#readers.unreadBytes(generation) === 0) continue;
      const acquired = this.#descriptors.acquire(generation);
      if (acquired.status === 'open') this.#descriptors.release(generation, acquired.fd);
    }
  }

  /** Lets go of generations that no name leads to and every reader has finished with. */
  forgetFinished(log: ContainerLog, monotonicMs: number): void {
    const finished = (generation: Generation): boolean =>
      generation.path === undefined && isSealed(generation, monotonicMs) && this.#readers.haveFinished(generation);
    for (const generation of log.generations.filter(finished)) {
      this.#descriptors.close(generation);
      log.generations = log.generations.filter((one) => one !== generation);
    }
  }

  /** Gives up the oldest until the others are within the limit.
   *  @returns logs of which unread bytes are gone now */
  enforceLimit(logs: Iterable<ContainerLog>, { deletedBytesLimit }: UnreadLimits): ContainerLog[] {
    let heldBytes = 0;
    const held: { readonly generation: Generation; readonly bytes: number }[] = [];
    for (const log of logs) {
      for (const generation of log.generations) {
        if (generation.path !== undefined || generation.gone !== undefined) continue;
        if (!this.#descriptors.has(generation)) continue;
        const bytes = this.#readers.unreadBytes(generation);
        heldBytes += bytes;
        held.push({ generation, bytes });
      }
    }
    const cut: ContainerLog[] = [];
    for (const { generation, bytes } of held) {
      if (heldBytes <= deletedBytesLimit) break;
      heldBytes -= bytes;
      generation.gone = 'deleted_budget';
      this.#descriptors.close(generation);
      cut.push(generation.log);
    }
    return cut;
  }
}
