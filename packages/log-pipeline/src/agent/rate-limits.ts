import { TokenBucket } from '../schedule/token-bucket.ts';
import type { ContainerLog } from '../tail/generation.ts';

export interface RateLimit {
  readonly bytesPerSecond: number;
  readonly burstBytes: number;
}

export interface AskedRate {
  readonly bytesPerSecond: number;
  /** Of this container alone, not of its pod. */
  readonly ofContainer: boolean;
}

/** What the pods of a source ask for by annotation, and how far they are given it. */
export interface AskedRates {
  of(log: ContainerLog): AskedRate | undefined;
  /** A pod gets more than the operator's limit only up to this; undefined: never. */
  readonly maxBytesPerSecond: number | undefined;
}

/** One lane's token buckets, a pod's or a namespace's shared by its containers. */
export class RateLimits {
  readonly #perPod: RateLimit | undefined;
  readonly #perNamespace: RateLimit | undefined;
  readonly #asked: AskedRates | undefined;
  readonly #monotonicMs: () => number;
  readonly #buckets = new Map<string, { readonly bucket: TokenBucket; readonly logs: Set<ContainerLog> }>();
  readonly #keys = new Map<ContainerLog, readonly string[]>();

  constructor(
    perPod: RateLimit | undefined,
    perNamespace: RateLimit | undefined,
    monotonicMs: () => number,
    asked?: AskedRates,
  ) {
    this.#perPod = perPod;
    this.#perNamespace = perNamespace;
    this.#monotonicMs = monotonicMs;
    this.#asked = asked;
  }

  /** As they are now; a bucket that nothing was changed of goes on. */
  of(log: ContainerLog): readonly TokenBucket[] {
    const before = this.#keys.get(log) ?? [];
    const limits = this.#limitsOf(log);
    const buckets = limits.map(({ key, limit }) => this.#bucket(key, limit, log));
    const keys = limits.map(({ key }) => key);
    this.#leave(
      log,
      before.filter((key) => !keys.includes(key)),
    );
    if (keys.length > 0) this.#keys.set(log, keys);
    else this.#keys.delete(log);
    return buckets;
  }

  /** Its last log gone, a pod's bucket goes too. */
  forget(log: ContainerLog): void {
    this.#leave(log, this.#keys.get(log) ?? []);
    this.#keys.delete(log);
  }

  #limitsOf(log: ContainerLog): { readonly key: string; readonly limit: RateLimit }[] {
    const limits: { key: string; limit: RateLimit }[] = [];
    const pod = log.pod ?? log.container;
    const podName = pod === undefined ? log.key : `${pod.namespace}/${pod.podName}`;
    const asked = this.#given(log);
    if (asked !== undefined) {
      const container = asked.ofContainer ? ` ${pod?.containerName ?? ''}` : '';
      const { bytesPerSecond } = asked;
      limits.push({
        key: `pod ${podName}${container} at ${bytesPerSecond}`,
        limit: { bytesPerSecond, burstBytes: bytesPerSecond },
      });
    } else if (this.#perPod !== undefined) limits.push({ key: `pod ${podName}`, limit: this.#perPod });
    if (this.#perNamespace !== undefined && pod !== undefined) {
      limits.push({ key: `namespace ${pod.namespace}`, limit: this.#perNamespace });
    }
    return limits;
  }

  /** What a pod asks for in place of the operator's limit: less, or more where that is allowed.
   *  @returns undefined where the operator's limit stays */
  #given(log: ContainerLog): AskedRate | undefined {
    const asked = this.#asked?.of(log);
    if (asked === undefined) return undefined;
    const limit = this.#perPod?.bytesPerSecond ?? Infinity;
    if (asked.bytesPerSecond < limit) return asked;
    const bytesPerSecond = Math.min(asked.bytesPerSecond, this.#asked?.maxBytesPerSecond ?? 0);
    return bytesPerSecond > limit ? { ...asked, bytesPerSecond } : undefined;
  }

  #leave(log: ContainerLog, keys: readonly string[]): void {
    for (const key of keys) {
      const logs = this.#buckets.get(key)?.logs;
      if (logs?.delete(log) === true && logs.size === 0) this.#buckets.delete(key);
    }
  }

  #bucket(key: string, limit: RateLimit, log: ContainerLog): TokenBucket {
    let entry = this.#buckets.get(key);
    if (entry === undefined) {
      const bucket = new TokenBucket(limit.bytesPerSecond, limit.burstBytes, this.#monotonicMs());
      entry = { bucket, logs: new Set() };
      this.#buckets.set(key, entry);
    }
    entry.logs.add(log);
    return entry.bucket;
  }
}
