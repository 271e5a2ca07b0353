/** Whether a collector that has begun has something to answer HPAs with. Before it has, API servers would hear that there are no such metrics,
 *  and HPAs would stand still: its Service leads to other replicas meanwhile. */
import type { Clock } from '@vigie/core/clock';
import type { HealthCheck } from '@vigie/core/http-server/health-routes';

export interface WarmUpDeps {
  /** undefined where another server has the samples: of those there is nothing to wait for. */
  readonly samples:
    | {
        /** Resolves when each of the targets that are found first has been scraped once. */
        firstScrapes(): Promise<void>;
        /** When the newest sample was that a collector before has left, Unix ms; -Infinity without one. Asked for when it starts. */
        readonly recordedMs: number;
      }
    | undefined;
  /** Between two scrapes of a target; the longest there is. */
  readonly intervalMs: number;
  readonly clock: Clock;
}

/** What takes longer keeps nobody waiting: a target may hang, and with one replica nobody else answers. */
const LONGEST_MS = 60_000;
/** Of what a collector before has left: rates go over four intervals. */
const RECENT_INTERVALS = 2;

export class WarmUp {
  readonly #deps: WarmUpDeps;
  /** What it waits for; undefined once it is over. */
  #waitsFor: string | undefined = 'it has not begun';

  constructor(deps: WarmUpDeps) {
    this.#deps = deps;
  }

  check(): HealthCheck {
    return { name: 'metrics-api-samples', problem: this.#waitsFor };
  }

  /** Returns at once.
   *  @param objects resolves when pods and nodes are known */
  start(objects: Promise<unknown>, signal: AbortSignal): void {
    const over = new AbortController();
    const end = (): void => {
      this.#waitsFor = undefined;
      over.abort();
    };
    const until = AbortSignal.any([signal, over.signal]);
    this.#deps.clock.sleep(LONGEST_MS, until).then(end, () => undefined);
    this.#wait(objects, until).then(end, () => undefined);
  }

  async #wait(objects: Promise<unknown>, until: AbortSignal): Promise<void> {
    const { samples, intervalMs, clock } = this.#deps;
    this.#waitsFor = 'pods and nodes are not known yet';
    // As it is before anything is scraped.
    const isRecorded = samples !== undefined && clock.nowMs() - samples.recordedMs < RECENT_INTERVALS * intervalMs;
    const firstScrapes = samples?.firstScrapes();
    await objects;
    if (samples === undefined || isRecorded) return;
    until.throwIfAborted();
    this.#waitsFor = 'targets are scraped for the first time';
    await firstScrapes;
    until.throwIfAborted();
    this.#waitsFor = 'rates need a second sample';
    await clock.sleep(intervalMs, until);
  }
}
