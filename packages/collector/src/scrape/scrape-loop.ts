/** Scrapes one target at its times until it is told to end. Source: Prometheus, scrape/scrape.go, scrapeLoop. */
import type { Clock } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import { onAbort } from '@vigie/core/on-abort';
import type { Span, Tracing } from '../tracing/tracing.ts';
import type { FetchedExposition } from './fetch-exposition.ts';
import { giveBack } from './give-back.ts';
import type { JobCounts } from './job-counts.ts';
import { ScrapeError } from './scrape-error.ts';
import type { ScrapeObserver } from './scrape-observer.ts';
import { ScrapeTimes } from './scrape-times.ts';
import type { Target } from './target.ts';
import type { TargetSamples } from './target-samples.ts';

export interface ScrapeLoopOptions {
  /** Until its place in the interval; asked for when it starts. */
  readonly offsetMs: () => number;
  /** Scrapes before that one: delays from now, ascending. */
  readonly earlyMs: readonly number[];
}

export interface ScrapeLoopDeps {
  readonly fetch: (target: Target, signal: AbortSignal) => Promise<FetchedExposition>;
  readonly counts: JobCounts;
  readonly observer: ScrapeObserver;
  readonly tracing: Tracing | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** The program ends: nothing more is written. */
  readonly shutdown: AbortSignal;
}

/** Intervals that series are left as they are when their target is gone: another may go on with them. Prometheus' own, with a tenth of
 *  an interval to be safe. */
const INTERVALS_UNTIL_END = 2.1;
/** An early scrape that the regular one follows so soon is not worth its while. */
const MIN_GAP_MS = 1_000;

export class ScrapeLoop {
  readonly target: Target;
  readonly samples: TargetSamples;
  /** In place of scraping: every scrape fails with it. */
  forcedFailure: ScrapeError | undefined;
  /** Settles after the first scrape, or without one when the loop ends before. */
  readonly firstScrape: Promise<void>;
  readonly #options: ScrapeLoopOptions;
  readonly #deps: ScrapeLoopDeps;
  /** The scrape under way is the last. */
  readonly #ending = new AbortController();
  /** What is under way ends too. */
  readonly #abort = new AbortController();
  /** Ends the wait for the next scrape. */
  #waiting = new AbortController();
  /** Of a scrape before the next place in the interval, of the monotonic clock. */
  #retryAtMs: number | undefined;
  #scraped: () => void = () => undefined;
  /** undefined before it starts. */
  #times: ScrapeTimes | undefined;
  #hasScraped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(target: Target, samples: TargetSamples, options: ScrapeLoopOptions, deps: ScrapeLoopDeps) {
    this.target = target;
    this.samples = samples;
    this.#options = options;
    this.#deps = deps;
    this.firstScrape = new Promise((resolve) => {
      this.#scraped = resolve;
    });
    target.metadata = samples.metadata;
  }

  start(): void {
    const { shutdown, log, clock } = this.#deps;
    const offsetMs = this.#options.offsetMs();
    const times = new ScrapeTimes(this.target.intervalMs, clock.monotonicMs() + offsetMs, clock);
    this.#times = times;
    const end = (): void => {
      this.#end();
      this.#abort.abort(shutdown.reason);
    };
    const leave = onAbort(shutdown, end);
    if (shutdown.aborted) end();
    this.#running = this.#run(times, offsetMs)
      .catch((error: unknown) => {
        if (!this.#ending.signal.aborted) log.error('a target is scraped no more', { target: this.target.url, error });
      })
      .finally(() => {
        leave();
        this.#scraped();
      });
  }

  /** Another loop goes on with its samples. Resolves when the scrape under way is recorded. */
  async stop(): Promise<void> {
    this.#end();
    await this.#running;
  }

  /** Scrapes it once more before its place in the interval, unless it has gone well by then.
   *  @param delayMs from now */
  retrySoon(delayMs: number): void {
    if (this.#retryAtMs !== undefined) return;
    this.#retryAtMs = this.#deps.clock.monotonicMs() + delayMs;
    this.#waiting.abort();
  }

  #end(): void {
    this.#ending.abort();
    this.#waiting.abort();
  }

  /** Its target is gone: its series end, once it is clear that no other target goes on with them.
   *  @param isForGood the target cannot come back under its labels: a pod has gone. Its series end at once
   *  Resolves when nothing of the loop runs any more. */
  async retire(isForGood: boolean): Promise<void> {
    if (isForGood) this.#abort.abort(new Error('the target has gone'));
    await this.stop();
    const { clock, shutdown } = this.#deps;
    const times = this.#times;
    if (times === undefined || !this.#hasScraped || shutdown.aborted) return;
    if (isForGood) {
      await this.samples.end(Math.round(clock.nowMs()));
      return;
    }
    // As a scrape would that found nothing: at the time that it would have had.
    const untilNextMs = Math.max(0, times.dueMs - clock.monotonicMs());
    const endedMs = Math.round(clock.nowMs() + untilNextMs);
    try {
      await clock.sleep(untilNextMs + (INTERVALS_UNTIL_END - 1) * this.target.intervalMs, shutdown);
    } catch {
      return;
    }
    await this.samples.end(endedMs);
  }

  async #run(times: ScrapeTimes, offsetMs: number): Promise<void> {
    const { clock, counts } = this.#deps;
    const startedMs = clock.monotonicMs();
    for (const delayMs of this.#options.earlyMs) {
      if (delayMs > offsetMs - MIN_GAP_MS) break;
      await this.#until(startedMs + delayMs);
      await this.#scrape(Math.round(clock.nowMs()));
    }
    // What an early scrape took longer than this place in the interval is no scrape that was missed.
    while (times.dueMs < clock.monotonicMs()) times.advance();
    for (;;) {
      await this.#untilDue(times);
      this.#deps.observer.startDelay((clock.monotonicMs() - times.dueMs) / 1000);
      await this.#scrape(times.stamp());
      counts.missed += times.advance();
    }
  }

  async #until(monotonicMs: number): Promise<void> {
    const { clock } = this.#deps;
    this.#ending.signal.throwIfAborted();
    await clock.sleep(monotonicMs - clock.monotonicMs(), this.#ending.signal);
  }

  /** Its place in the interval. What was asked for before that is scraped on the way. */
  async #untilDue(times: ScrapeTimes): Promise<void> {
    const { clock } = this.#deps;
    for (;;) {
      this.#ending.signal.throwIfAborted();
      const retryAtMs = this.#retryAtMs;
      const isRetry = retryAtMs !== undefined && retryAtMs <= times.dueMs - MIN_GAP_MS;
      const untilMs = isRetry ? retryAtMs : times.dueMs;
      if (this.#waiting.signal.aborted) this.#waiting = new AbortController();
      try {
        await clock.sleep(untilMs - clock.monotonicMs(), this.#waiting.signal);
      } catch {
        // Asked for something else, or ended.
        continue;
      }
      this.#retryAtMs = undefined;
      if (!isRetry) return;
      if (this.target.health === 'up') continue;
      await this.#scrape(Math.round(clock.nowMs()));
      while (times.dueMs < clock.monotonicMs()) times.advance();
    }
  }

  async #scrape(atMs: number): Promise<void> {
    const { tracing } = this.#deps;
    const done = this.samples.expect();
    try {
      if (tracing === undefined) return await this.#scrapeNow(atMs, undefined);
      const { url, publicLabels } = this.target;
      const attributes = { 'scrape.target': url, 'scrape.job': publicLabels.get('job') };
      return await tracing.span('scrape', attributes, (span) => this.#scrapeNow(atMs, span));
    } finally {
      done();
    }
  }

  async #scrapeNow(atMs: number, span: Span | undefined): Promise<void> {
    const { clock, counts, observer, log } = this.#deps;
    const { target } = this;
    const startedMs = clock.monotonicMs();
    const elapsedMs = (): number => clock.monotonicMs() - startedMs;
    const fetched = await this.#fetch();
    // Aborted: what has ended is the collector, or the target, and it is not the scrape that failed.
    if (this.#abort.signal.aborted) return;
    const samplesBefore = counts.samples;
    const { failure, refused } = this.samples.record(fetched, atMs, () => elapsedMs() / 1000, counts);
    if (!(fetched instanceof ScrapeError)) giveBack(fetched.body);
    this.#hasScraped = true;
    target.lastScrape = { startedMs: atMs, durationMs: elapsedMs(), error: failure?.message };
    observer.duration(elapsedMs() / 1000);
    counts.scrapes++;
    span?.set({ 'scrape.status': failure?.failure ?? 'success', 'scrape.samples': counts.samples - samplesBefore });
    if (failure !== undefined) {
      counts.failures[failure.failure]++;
      span?.fail(failure.message);
      log.debug('a scrape failed', { target: target.url, error: failure });
    }
    if (refused.size > 0) {
      log.warn('samples of a target were not taken', { target: target.url, refused: Object.fromEntries(refused) });
    }
    this.#scraped();
  }

  async #fetch(): Promise<FetchedExposition | ScrapeError> {
    if (this.forcedFailure !== undefined) return this.forcedFailure;
    try {
      return await this.#deps.fetch(this.target, this.#abort.signal);
    } catch (error) {
      if (error instanceof ScrapeError) return error;
      if (this.#abort.signal.aborted) return new ScrapeError('connection', 'the scrape was ended', { cause: error });
      throw error;
    }
  }
}
