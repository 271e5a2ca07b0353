/** Bytes a second, with a burst; takes what was read even if that overdraws it, and then makes the
 *  reader wait: delay, never loss. */
export class TokenBucket {
  readonly #ratePerMs: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number;

  constructor(bytesPerSecond: number, burstBytes: number, nowMs: number) {
    this.#ratePerMs = bytesPerSecond / 1000;
    this.#burst = burstBytes;
    this.#tokens = burstBytes;
    this.#atMs = nowMs;
  }

  /** @returns milliseconds until there is credit again; 0 when there is */
  waitMs(nowMs: number): number {
    this.#refill(nowMs);
    return this.#tokens > 0 ? 0 : Math.ceil((1 - this.#tokens) / this.#ratePerMs);
  }

  take(bytes: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#tokens -= bytes;
  }

  #refill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#atMs);
    this.#tokens = Math.min(this.#burst, this.#tokens + elapsedMs * this.#ratePerMs);
    this.#atMs = nowMs;
  }
}
