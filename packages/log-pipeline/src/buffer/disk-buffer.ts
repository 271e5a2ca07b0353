/** Between a lane and its sink: bodies count as taken once they are on the disk, and go to the sink in their order from
 *  there. So a sink that is down holds up no checkpoint, and rotation cannot outrun it before the buffer is full. */
import { Backoff } from '@vigie/core/backoff';
import type { Clock, Timer } from '@vigie/core/clock';
import { Bell } from './bell.ts';
import { BufferDrain, type BufferSink, type DrainReports, type Outgoing } from './buffer-drain.ts';
import { BufferInlet, type InletOptions, type InletReports } from './buffer-inlet.ts';
import { DISK_BACKOFF } from './disk-backoff.ts';
import type { BufferedBody } from './entry.ts';
import type { BufferFs } from './fs.ts';
import type { Position } from './position.ts';
import type { Held, HeldCounts } from './segment.ts';
import { SegmentStore, type StoreReports } from './segment-store.ts';

export type DiskBufferOptions = InletOptions;

export interface BufferReports
  extends StoreReports,
    Omit<DrainReports, keyof StoreReports | 'dropped'>,
    Omit<InletReports, keyof StoreReports | 'dropped'> {
  dropped(source: string, reason: BufferDropReason, held: Held): void;
}

/** `buffer_full`: room was made for newer ones. `buffer_corrupt`: they are not what was written. */
export type BufferDropReason = 'buffer_full' | 'buffer_corrupt';

export interface DiskBufferDeps {
  readonly fs: BufferFs;
  readonly clock: Clock;
  readonly random: () => number;
  readonly reports: BufferReports;
}

export class DiskBuffer {
  readonly folder: string;
  readonly #deps: DiskBufferDeps;
  readonly #store: SegmentStore;
  readonly #outgoing: readonly Outgoing[];
  readonly #inlet: BufferInlet;
  readonly #drain: BufferDrain;
  /** Rings when something was stored, delivered, dropped, removed or asked for. */
  readonly #bell = new Bell();
  readonly #settleBackoff: Backoff;
  /** Until what could not be written or removed is tried again. */
  #settleTimer: Timer | undefined;
  #closed = false;

  private constructor(
    folder: string,
    store: SegmentStore,
    outgoing: Outgoing[],
    options: DiskBufferOptions,
    deps: DiskBufferDeps,
  ) {
    this.folder = folder;
    this.#store = store;
    this.#outgoing = outgoing;
    this.#deps = deps;
    this.#settleBackoff = new Backoff(DISK_BACKOFF, deps.random);
    const shared = { ...deps, bell: this.#bell, settle: () => this.#settle() };
    this.#inlet = new BufferInlet(store, options, { ...shared, isEmpty: () => this.isEmpty });
    this.#drain = new BufferDrain(store, outgoing, { ...shared, maxBytes: () => this.maxBytes });
  }

  /** Finds what an earlier process left.
   *  @throws {VigieError} BUFFER_VERSION; what the file system throws */
  static async open(folder: string, options: DiskBufferOptions, deps: DiskBufferDeps): Promise<DiskBuffer> {
    const outgoing: Outgoing[] = [];
    const oldest = (): Position | undefined => {
      const [first] = outgoing;
      return first === undefined ? undefined : { segment: first.segment.number, offset: first.start };
    };
    const store = await SegmentStore.open(folder, options.bodyKind, oldest, deps);
    return new DiskBuffer(folder, store, outgoing, options, deps);
  }

  /** On the disk, delivered parts of segments included. */
  get bytes(): number {
    return this.#store.bytes;
  }

  get maxBytes(): number {
    return this.#inlet.options.maxBytes;
  }

  /** When the oldest entry that is neither delivered nor dropped was stored, Unix ms. */
  get oldestAtMs(): number | undefined {
    const [first] = this.#outgoing;
    if (first !== undefined) return first.head.appendedAtMs;
    return this.#store.segments.find(({ isDrained }) => !isDrained)?.firstAtMs;
  }

  get isEmpty(): boolean {
    return this.#outgoing.length === 0 && this.#store.isEmpty;
  }

  /** What is neither delivered nor dropped, by source. */
  held(): HeldCounts {
    return this.#store.held();
  }

  /** Forms of the bodies in it. */
  get bodyKinds(): ReadonlySet<string> {
    return new Set(this.#store.segments.flatMap(({ isDrained, bodyKind }) => (isDrained ? [] : (bodyKind ?? []))));
  }

  /** For what is stored from now on. */
  reconfigure(options: DiskBufferOptions): void {
    this.#inlet.options = options;
    this.#bell.ring();
  }

  /** As `BufferInlet.append`. */
  append(entry: BufferedBody, signal: AbortSignal): Promise<void> {
    return this.#inlet.append(entry, signal);
  }

  /** Begins to drain into `sink`. */
  start(sink: BufferSink): void {
    this.#drain.start(sink);
  }

  /** As `BufferDrain.stop`. Appends go on. */
  stop(signal: AbortSignal): Promise<void> {
    return this.#drain.stop(signal);
  }

  /** Stops, and closes the files. Every append has been settled or given up by its signal. */
  async close(signal: AbortSignal): Promise<void> {
    this.#closed = true;
    this.#settleTimer?.cancel();
    await this.stop(signal);
    await this.#inlet.ended();
    await this.#store.close();
  }

  /** Removes what is delivered or dropped; what cannot be removed now is tried again. */
  async #settle(): Promise<void> {
    this.#bell.ring();
    await this.#store.settle();
    this.#bell.ring();
    if (this.#store.isSettled) this.#settleBackoff.reset();
    else if (!this.#closed) {
      this.#settleTimer?.cancel();
      this.#settleTimer = this.#deps.clock.setTimer(this.#settleBackoff.nextMs(), () => void this.#settle());
    }
  }
}
