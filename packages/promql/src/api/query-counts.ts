/** Queries as they are counted: how they ended, what they took, how many are under way. */
import type { MetricTable, Report } from '@vigie/core/telemetry';
import type { ApiErrorType } from './api-error.ts';

/** Labels are bounded: kinds and outcomes are finite. */
export const QUERY_METRICS = {
  queries: {
    name: 'vigie_queries_total',
    type: 'counter',
    help: 'Queries of the HTTP API that have ended, by kind and by what became of them.',
    labels: ['kind', 'outcome'],
  },
  querySamples: {
    name: 'vigie_query_samples_total',
    type: 'counter',
    help: 'Samples that queries have looked at: one counts at each step that it belongs to.',
    labels: [],
  },
  querySeconds: {
    name: 'vigie_query_seconds',
    type: 'histogram',
    help: 'Time of a query from its request to its result, waiting for its turn included, sending not.',
    labels: ['kind'],
    // Rules and HPA take milliseconds; 120 s is where a query ends.
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120],
  },
  queriesRunning: {
    name: 'vigie_queries_running',
    type: 'gauge',
    help: 'Queries that are being evaluated.',
    labels: [],
  },
  queriesWaiting: {
    name: 'vigie_queries_waiting',
    type: 'gauge',
    help: 'Queries that wait until another one ends.',
    labels: [],
  },
} as const satisfies MetricTable;

export const QUERY_KINDS = ['instant', 'range', 'exemplars', 'labels', 'series', 'metadata'] as const;
export type QueryKind = (typeof QUERY_KINDS)[number];

const OUTCOMES = ['success', 'bad_data', 'execution', 'canceled', 'timeout', 'unavailable', 'internal'] as const;
export type QueryOutcome = 'success' | ApiErrorType;

export class QueryCounts {
  readonly #observe: (kind: QueryKind, seconds: number) => void;
  readonly #ended = new Map<string, { readonly kind: string; readonly outcome: string; count: number }>();
  #samples = 0;
  running = 0;
  waiting = 0;

  /** @param observe `(kind, seconds) => telemetry.observe('querySeconds', { kind }, seconds)` */
  constructor(observe: (kind: QueryKind, seconds: number) => void) {
    this.#observe = observe;
    // Each stands at 0 from the start: Prometheus takes no notice of the first value of a series.
    for (const kind of QUERY_KINDS) {
      for (const outcome of OUTCOMES) this.#ended.set(`${kind} ${outcome}`, { kind, outcome, count: 0 });
    }
  }

  ended(kind: QueryKind, outcome: QueryOutcome, seconds: number): void {
    const key = `${kind} ${outcome}`;
    const row = this.#ended.get(key) ?? { kind, outcome, count: 0 };
    row.count += 1;
    this.#ended.set(key, row);
    this.#observe(kind, seconds);
  }

  samplesRead(count: number): void {
    this.#samples += count;
  }

  /** For Telemetry.collect. */
  report(report: Report<typeof QUERY_METRICS>): void {
    for (const { kind, outcome, count } of this.#ended.values()) report('queries', { kind, outcome }, count);
    report('querySamples', {}, this.#samples);
    report('queriesRunning', {}, this.running);
    report('queriesWaiting', {}, this.waiting);
  }
}
