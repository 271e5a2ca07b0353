/** How long one stretch of work may keep the event loop: a probe of the kubelet or a signal waits no longer for it. */
const STRETCH_MS = 5;

/** Lets timers, signals and requests have their turn in loops whose steps need not wait for anything. */
export class Breath {
  #sinceMs = performance.now();

  /** @returns undefined while the stretch lasts; else what to await
   *  Cost: one look at the clock. */
  take(): Promise<void> | undefined {
    if (performance.now() - this.#sinceMs < STRETCH_MS) return undefined;
    return new Promise((resolve) =>
      setImmediate(() => {
        this.#sinceMs = performance.now();
        resolve();
      }),
    );
  }
}
