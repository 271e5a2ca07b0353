import type { ContainerLog, Generation } from './generation.ts';

/** Whoever reads the logs of a catalog, or remembers something for each of them. */
export interface CatalogReader {
  /** New, grown, rotated or gone: there may be something to read. */
  changed(log: ContainerLog): void;
  /** Nobody needs to remember it: no file is left, and every reader has finished with it. */
  removed(log: ContainerLog): void;
  /** Whether this reader will never read or count this generation again. */
  finished(generation: Generation): boolean;
  /** First byte it has not read. */
  position(generation: Generation): number;
}

/** The readers of one catalog, asked and told as one. */
export class CatalogReaders {
  readonly #readers = new Set<CatalogReader>();

  attach(reader: CatalogReader): void {
    this.#readers.add(reader);
  }

  detach(reader: CatalogReader): void {
    this.#readers.delete(reader);
  }

  changed(log: ContainerLog): void {
    for (const reader of this.#readers) reader.changed(log);
  }

  removed(log: ContainerLog): void {
    for (const reader of this.#readers) reader.removed(log);
  }

  /** All of them are; also where there is none. */
  haveFinished(generation: Generation): boolean {
    for (const reader of this.#readers) if (!reader.finished(generation)) return false;
    return true;
  }

  /** Bytes that one of them at least has not read; 0 where there is none. */
  unreadBytes(generation: Generation): number {
    let unread = 0;
    for (const reader of this.#readers) unread = Math.max(unread, generation.sizeBytes - reader.position(generation));
    return unread;
  }
}
