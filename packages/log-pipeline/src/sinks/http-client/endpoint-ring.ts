/** Which of several endpoints takes the next request: in turn, leaving out those that failed lately. */
import type { Clock } from '@vigie/core/clock';

export interface Endpoint {
  readonly url: URL;
  /** Failures since the last success. */
  failures: number;
  /** Monotonic time before which it is left out. */
  downUntilMs: number;
}

/** A node that restarts is back in seconds; one that is gone costs a connect timeout a minute. */
const FIRST_DOWN_MS = 1_000;
const LONGEST_DOWN_MS = 60_000;

export class EndpointRing {
  readonly #endpoints: readonly Endpoint[];
  readonly #clock: Clock;
  #turn = 0;

  constructor(urls: readonly URL[], clock: Clock) {
    this.#endpoints = urls.map((url) => ({ url, failures: 0, downUntilMs: 0 }));
    this.#clock = clock;
  }

  /** The next one that is up; where none is, the one whose time is up first: a request is always worth a try.
   *  @param except already tried for this request
   *  @returns undefined when all are in `except` */
  next(except: ReadonlySet<Endpoint>): Endpoint | undefined {
    const nowMs = this.#clock.monotonicMs();
    let best: Endpoint | undefined;
    for (let i = 0; i < this.#endpoints.length; i++) {
      const at = (this.#turn + i) % this.#endpoints.length;
      const endpoint = this.#endpoints[at];
      if (endpoint === undefined || except.has(endpoint)) continue;
      if (endpoint.downUntilMs <= nowMs) {
        this.#turn = at + 1;
        return endpoint;
      }
      if (best === undefined || endpoint.downUntilMs < best.downUntilMs) best = endpoint;
    }
    return best;
  }

  succeeded(endpoint: Endpoint): void {
    endpoint.failures = 0;
    endpoint.downUntilMs = 0;
  }

  failed(endpoint: Endpoint): void {
    const downMs = Math.min(LONGEST_DOWN_MS, FIRST_DOWN_MS * 2 ** Math.min(endpoint.failures, 10));
    endpoint.failures++;
    endpoint.downUntilMs = this.#clock.monotonicMs() + downMs;
  }
}
