/** How many requests may run at a time, for what comes and for what is behind. Source: prometheus v0.315.0,
 *  storage/remote/queue_manager.go, calculateDesiredShards. Pure. */
import type { QueueOptions } from './remote-write-options.ts';

export const SHARD_UPDATE_INTERVAL_MS = 10_000;
const WEIGHT = 0.2;
/** Fewer or more by less than this share change nothing. */
const TOLERANCE = 0.3;
/** Of what is behind, each second. */
const CATCH_UP = 0.05;
/** Behind by more, shards do not become fewer. */
const BEHIND_SECONDS = 10;

export interface Load {
  /** Samples that were read and are to be sent, in the interval. */
  readonly read: number;
  /** Samples that were sent, and what the requests took, in sum over the shards. */
  readonly sent: number;
  readonly sendMs: number;
  /** From the newest time sent to the newest time read. */
  readonly behindSeconds: number;
}

export class ShardCount {
  readonly #queue: Pick<QueueOptions, 'minShards' | 'maxShards'>;
  #readRate: number | undefined;
  #sentRate: number | undefined;
  #sendRate: number | undefined;
  /** As the load asks for, before it is rounded and bounded. */
  desired: number;

  constructor(queue: Pick<QueueOptions, 'minShards' | 'maxShards'>, shards: number) {
    this.#queue = queue;
    this.desired = shards;
  }

  /** @param load of the interval before @returns how many there should be */
  next({ read, sent, sendMs, behindSeconds }: Load, shards: number, intervalMs: number): number {
    const seconds = intervalMs / 1000;
    this.#readRate = smoothed(this.#readRate, read / seconds);
    this.#sentRate = smoothed(this.#sentRate, sent / seconds);
    this.#sendRate = smoothed(this.#sendRate, sendMs / 1000 / seconds);
    if (this.#sentRate <= 0) return shards;
    const secondsPerSample = this.#sendRate / this.#sentRate;
    const pending = Math.max(0, behindSeconds) * this.#readRate;
    this.desired = secondsPerSample * (this.#readRate + CATCH_UP * pending);
    const wanted = Math.ceil(this.desired);
    if (wanted >= shards * (1 - TOLERANCE) && wanted <= shards * (1 + TOLERANCE)) return shards;
    if (wanted < shards && behindSeconds > BEHIND_SECONDS) return shards;
    return Math.min(this.#queue.maxShards, Math.max(this.#queue.minShards, wanted));
  }
}

function smoothed(before: number | undefined, rate: number): number {
  return before === undefined ? rate : before + WEIGHT * (rate - before);
}
