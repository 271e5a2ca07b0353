import { Backoff } from '@vigie/core/backoff';
import type { Clock } from '@vigie/core/clock';
import { describeError, errorCode } from '@vigie/core/errors';
import type { Bell } from './bell.ts';
import { DISK_BACKOFF } from './disk-backoff.ts';
import { type BufferedBody, MAX_SEGMENT_HEADER_BYTES } from './entry.ts';
import type { Held } from './segment.ts';
import type { SegmentStore } from './segment-store.ts';

export interface InletOptions {
  readonly maxBytes: number;
  readonly whenFull: 'block' | 'drop_oldest';
  /** The form of the bodies that come now. */
  readonly bodyKind: string;
}

export interface InletReports {
  dropped(source: string, reason: 'buffer_full', held: Held): void;
  failed(operation: 'append', error: unknown): void;
  /** Bodies cannot be written, by errno name; undefined once they can be again. */
  trouble(trouble: { readonly code: string; readonly detail: string } | undefined): void;
}

export interface InletDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly reports: InletReports;
  /** Rings when there may be room, and is rung when something was stored. */
  readonly bell: Bell;
  /** Nothing is in the buffer, nor on its way out. */
  readonly isEmpty: () => boolean;
  /** Removes what is delivered or dropped. */
  readonly settle: () => Promise<void>;
}

interface Waiting {
  readonly entry: BufferedBody;
  readonly signal: AbortSignal;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** What an entry takes beside its body, at most but for records of 16 KiB and more: its head with the source's name, a
 *  byte or two for each record, and the header of the segment that it may begin. */
const HEAD_BYTES = 128 + MAX_SEGMENT_HEADER_BYTES;
const HEAD_BYTES_PER_RECORD = 2;

/** The way into a disk buffer: bodies wait here for room and for the disk, and are stored in the order in which they came. */
export class BufferInlet {
  options: InletOptions;
  readonly #store: SegmentStore;
  readonly #deps: InletDeps;
  readonly #waiting: Waiting[] = [];
  readonly #backoff: Backoff;
  #storing: Promise<void> | undefined;
  /** Ends a wait for the disk. */
  #diskWait: AbortController | undefined;

  /** @param options may be others later, for what is stored from then on */
  constructor(store: SegmentStore, options: InletOptions, deps: InletDeps) {
    this.options = options;
    this.#store = store;
    this.#deps = deps;
    this.#backoff = new Backoff(DISK_BACKOFF, deps.random);
  }

  /** Resolves once the entry is on the disk; those that come together share an fsync. Waits for room, and for the disk.
   *  @param entry its bytes are the caller's again when the promise settles
   *  @throws the signal's reason, when that comes first: then it is not in the buffer */
  append(entry: BufferedBody, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const ring = (): void => {
        this.#diskWait?.abort();
        this.#deps.bell.ring();
      };
      signal.addEventListener('abort', ring, { once: true });
      const done = (): void => signal.removeEventListener('abort', ring);
      this.#waiting.push({
        entry,
        signal,
        resolve: () => {
          done();
          resolve();
        },
        reject: (reason) => {
          done();
          reject(reason);
        },
      });
      this.#storing ??= this.#storeAll();
    });
  }

  /** Resolves when every append has been settled or given up by its signal. */
  async ended(): Promise<void> {
    while (this.#storing !== undefined) await this.#storing;
  }

  async #storeAll(): Promise<void> {
    const { reports } = this.#deps;
    let troubled = false;
    while (this.#waiting.length > 0) {
      const group = await this.#admit();
      if (group.length === 0) {
        if (this.#waiting.length > 0) await this.#deps.bell.wait();
        continue;
      }
      let stored = 0;
      try {
        const entries = group.map(({ entry }) => entry);
        await this.#store.append(entries, this.options.bodyKind, this.options.maxBytes, (index) => {
          stored++;
          group[index]?.resolve();
        });
        this.#backoff.reset();
        if (troubled) reports.trouble(undefined);
        troubled = false;
      } catch (error) {
        troubled = true;
        this.#waiting.unshift(...group.slice(stored));
        reports.failed('append', error);
        reports.trouble({ code: errorCode(error) ?? 'unknown', detail: describeError(error) });
        this.#diskWait = new AbortController();
        await this.#deps.clock.sleep(this.#backoff.nextMs(), this.#diskWait.signal).catch(() => undefined);
        this.#diskWait = undefined;
      }
      this.#deps.bell.ring();
    }
    if (troubled) reports.trouble(undefined);
    this.#storing = undefined;
  }

  /** Those that have room, from the front; what was given up is left out. */
  async #admit(): Promise<Waiting[]> {
    const { maxBytes, whenFull } = this.options;
    const group: Waiting[] = [];
    let bytes = this.#store.bytes;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (next.signal.aborted) {
        this.#waiting.shift();
        next.reject(next.signal.reason);
        continue;
      }
      const entryBytes = HEAD_BYTES + next.entry.records * HEAD_BYTES_PER_RECORD + next.entry.body.length;
      // One that is larger than the whole buffer goes into an empty one: it would wait for ever.
      const isHopeless = entryBytes > maxBytes && this.#deps.isEmpty() && group.length === 0;
      if (bytes + entryBytes > maxBytes && !isHopeless) {
        if (group.length > 0) break;
        const hasFreed = this.#deps.isEmpty()
          ? await this.#clear()
          : whenFull !== 'block' && (await this.#dropOldest());
        if (!hasFreed) break;
        bytes = this.#store.bytes;
        continue;
      }
      this.#waiting.shift();
      group.push(next);
      bytes += entryBytes;
    }
    return group;
  }

  async #dropOldest(): Promise<boolean> {
    const dropped = await this.#store.dropOldest();
    if (dropped === undefined) return false;
    for (const [source, held] of dropped) this.#deps.reports.dropped(source, 'buffer_full', held);
    await this.#deps.settle();
    return true;
  }

  /** Removes the files of an empty buffer, delivered parts of segments. */
  async #clear(): Promise<boolean> {
    const before = this.#store.bytes;
    await this.#store.seal();
    await this.#deps.settle();
    return this.#store.bytes < before;
  }
}
