/** What a write request is answered where some of it was not taken, in Prometheus' words where it has some. */
import type { ExemplarRefusal, SampleRefusal, SeriesRefusal } from '../head/outcome.ts';

/** Senders put the answer into their log, whole. */
const MAX_LINES = 10;

/** Taken as it is next time, perhaps: the sender is to try again. */
const RETRYABLE: ReadonlySet<string> = new Set<SampleRefusal | SeriesRefusal>(['no_memory', 'unknown_series']);

const TEXTS: Readonly<Record<SampleRefusal | SeriesRefusal, string>> = {
  out_of_order: 'out of order sample',
  too_old: 'too old sample',
  out_of_bounds: 'out of bounds',
  too_far_ahead: 'out of bounds: timestamp is too far in the future',
  duplicate: 'duplicate sample for timestamp',
  bad_timestamp: 'timestamp that is no whole number of milliseconds',
  bad_histogram: 'histogram that cannot be stored',
  unknown_series: 'series that has just gone beyond retention',
  no_memory: 'no memory left',
  bad_labels: 'invalid metric name or labels',
  series_limit: 'limit of series reached',
  job_budget: 'limit of series with this job reached',
  namespace_budget: 'limit of series with this namespace reached',
};

export class WriteProblems {
  readonly #lines: string[] = [];
  #count = 0;
  #isRetryable = false;

  get count(): number {
    return this.#count;
  }

  /** Whether what was refused may be taken later. */
  get isRetryable(): boolean {
    return this.#isRetryable;
  }

  /** @param series its labels as text, asked for where they are shown */
  refused(reason: SampleRefusal | SeriesRefusal, series: () => string): void {
    if (RETRYABLE.has(reason)) this.#isRetryable = true;
    this.add(() => `${TEXTS[reason]} for series ${series()}`);
  }

  /** Of exemplars, this alone is an error to Prometheus. */
  exemplar(reason: ExemplarRefusal, series: () => string): void {
    if (reason === 'out_of_order') this.add(() => `out of order exemplar for series ${series()}`);
  }

  add(line: () => string): void {
    if (this.#count++ < MAX_LINES) this.#lines.push(line());
  }

  toString(): string {
    const more = this.#count - this.#lines.length;
    return [...this.#lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
  }
}
