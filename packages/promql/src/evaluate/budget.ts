/** What a query may take: samples, bytes, series and time; and when it lets others run. */
import type { Clock } from '@vigie/core/clock';
import { EvaluationError } from './failure.ts';

export interface Limits {
  /** Samples held in memory at one time. Prometheus' default. */
  readonly maxSamples: number;
  /** Bytes of the columns held at one time. */
  readonly maxBytes: number;
  /** Series that one selector may select. */
  readonly maxSeries: number;
  readonly timeoutMs: number;
}

/** 50 million and 2 min are Prometheus' own defaults; a column takes 9 bytes a sample. */
export const DEFAULT_LIMITS: Limits = {
  maxSamples: 50_000_000,
  maxBytes: 512 * 2 ** 20,
  maxSeries: 1_000_000,
  timeoutMs: 120_000,
};

/** The event loop waits at most this long, plus what one step of one series takes. */
const SLICE_MS = 6;
/** Calls between two looks at the clock. */
const CALLS = 32;

export interface BudgetWorld {
  readonly clock: Clock;
  /** Lets the event loop run. */
  readonly pause: () => Promise<void>;
}

export interface QueryUsage {
  /** Of selectors: a sample counts at each step that it belongs to. */
  readonly queryableSamples: number;
  /** Each counts once for its selector. */
  readonly readSamples: number;
  /** Most that were held at one time. */
  readonly peakSamples: number;
}

export class Budget {
  readonly #limits: Limits;
  readonly #world: BudgetWorld;
  readonly #signal: AbortSignal;
  readonly #deadlineMs: number;
  #sliceEndMs: number;
  #calls = 0;
  #samples = 0;
  #bytes = 0;
  #peakSamples = 0;
  readonly #counted = { queryable: 0, read: 0 };

  constructor(limits: Limits, world: BudgetWorld, signal: AbortSignal) {
    this.#limits = limits;
    this.#world = world;
    this.#signal = signal;
    const nowMs = world.clock.monotonicMs();
    this.#deadlineMs = nowMs + limits.timeoutMs;
    this.#sliceEndMs = nowMs + SLICE_MS;
  }

  get signal(): AbortSignal {
    return this.#signal;
  }

  get usage(): QueryUsage {
    const { queryable, read } = this.#counted;
    return { queryableSamples: queryable, readSamples: read, peakSamples: this.#peakSamples };
  }

  countRead(queryable: number, read: number): void {
    this.#counted.queryable += queryable;
    this.#counted.read += read;
  }

  /** Whether `pause` is to be awaited now; cheap enough for every series and every step. */
  isDue(): boolean {
    this.#calls += 1;
    if (this.#calls < CALLS) return false;
    this.#calls = 0;
    return this.#world.clock.monotonicMs() >= this.#sliceEndMs;
  }

  async pause(): Promise<void> {
    await this.#world.pause();
    this.check();
    this.#sliceEndMs = this.#world.clock.monotonicMs() + SLICE_MS;
  }

  /** @throws {EvaluationError} when the caller has gone or the time is up */
  check(): void {
    if (this.#signal.aborted) {
      throw new EvaluationError('PROMQL_CANCELED', 'query was canceled in expression evaluation', this.#signal.reason);
    }
    if (this.#world.clock.monotonicMs() > this.#deadlineMs) {
      throw new EvaluationError('PROMQL_TIMEOUT', 'query timed out in expression evaluation');
    }
  }

  /** Negative where something is no longer held. */
  holdSamples(count: number): void {
    this.#samples += count;
    if (this.#samples > this.#peakSamples) this.#peakSamples = this.#samples;
    if (this.#samples > this.#limits.maxSamples) {
      throw new EvaluationError(
        'PROMQL_LIMIT',
        `query processing would load too many samples into memory in query execution (more than ${this.#limits.maxSamples})`,
      );
    }
  }

  holdBytes(count: number): void {
    this.#bytes += count;
    if (this.#bytes > this.#limits.maxBytes) {
      throw new EvaluationError(
        'PROMQL_LIMIT',
        `query processing would take more than ${this.#limits.maxBytes} bytes of memory: select fewer series, a shorter range or a longer step`,
      );
    }
  }

  checkSeries(count: number): void {
    if (count > this.#limits.maxSeries) {
      throw new EvaluationError(
        'PROMQL_LIMIT',
        `query would select ${count} series, more than the limit of ${this.#limits.maxSeries}`,
      );
    }
  }
}
