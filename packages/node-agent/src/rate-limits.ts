import { TokenBucket } from '@vigie/log-pipeline/schedule/token-bucket';
import type { ContainerLog } from '@vigie/log-pipeline/tail/generation';

export interface RateLimit {
  readonly bytesPerSecond: number;
  readonly burstBytes: number;
}

/** One lane's token buckets, a pod's or a namespace's shared by its containers. */
export class RateLimits {
  readonly #perPod: RateLimit | undefined;
  readonly #perNamespace: RateLimit | undefined;
  readonly #monotonicMs: () => number;
  readonly #buckets = new Map<string, { readonly bucket: TokenBucket; readonly logs: Set<ContainerLog> }>();

  constructor(perPod: RateLimit | undefined, perNamespace: RateLimit | undefined, monotonicMs: () => number) {
    this.#perPod = perPod;
    this.#perNamespace = perNamespace;
    this.#monotonicMs = monotonicMs;
  }

  of(log: ContainerLog): readonly TokenBucket[] {
    const buckets: TokenBucket[] = [];
    const pod = log.pod ?? log.container;
    const podName = pod === undefined ? log.key : `${pod.namespace}/${pod.podName}`;
    if (this.#perPod !== undefined) buckets.push(this.#bucket(`pod ${podName}`, this.#perPod, log));
    if (this.#perNamespace !== undefined && pod !== undefined) {
      buckets.push(this.#bucket(`namespace ${pod.namespace}`, this.#perNamespace, log));
    }
    return buckets;
  }

  /** Its last log gone, a pod's bucket goes too. */
  forget(log: ContainerLog): void {
    for (const [key, { logs }] of this.#buckets) {
      if (logs.delete(log) && logs.size === 0) this.#buckets.delete(key);
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
