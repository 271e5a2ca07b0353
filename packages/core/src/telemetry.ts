/** A program's own metrics: one table names them all, plain counters hold their values, and a scrape collects those. A hot
 *  path does `n++` and never meets a metrics library. */
import Counter from 'prom-client/lib/counter.js';
import Gauge from 'prom-client/lib/gauge.js';
import Histogram from 'prom-client/lib/histogram.js';
import Registry from 'prom-client/lib/registry.js';
import { bug } from './errors.ts';

export interface MetricDefinition {
  /** `vigie_…`, ending in its unit: `_bytes`, `_seconds`, `_total` for counters. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** One sentence for those who read /metrics. */
  readonly help: string;
  /** Every label's values must be bounded. */
  readonly labels: readonly string[];
  /** Upper bounds, of a histogram. */
  readonly buckets?: readonly number[];
}

export type MetricTable = Readonly<Record<string, MetricDefinition>>;

type Labels<D extends MetricDefinition> = Readonly<Record<D['labels'][number], string>>;
type KeysOf<T extends MetricTable, Type extends MetricDefinition['type']> = {
  [K in keyof T]: T[K]['type'] extends Type ? K : never;
}[keyof T];

/** Reports the present value of a counter or gauge; values with the same labels in one scrape are added up. */
export type Report<T extends MetricTable> = <K extends KeysOf<T, 'counter' | 'gauge'>>(
  key: K,
  labels: Labels<T[K]>,
  value: number,
) => void;

export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

export class Telemetry<T extends MetricTable> {
  readonly #registry = new Registry();
  readonly #metrics = new Map<keyof T, Counter | Gauge | Histogram>();
  readonly #collectors = new Set<(report: Report<T>) => void>();

  constructor(table: T) {
    for (const key of Object.keys(table)) {
      const definition = table[key];
      if (definition !== undefined) this.#metrics.set(key, create(definition, this.#registry));
    }
  }

  /** Calls `collect` at each scrape. What it does not report has no value in that scrape.
   *  @returns takes it out again, for a part that ends before the program does */
  collect(collect: (report: Report<T>) => void): () => void {
    this.#collectors.add(collect);
    return () => this.#collectors.delete(collect);
  }

  /** Adds one value to a histogram: once per batch or request, not per record. */
  observe<K extends KeysOf<T, 'histogram'>>(key: K, labels: Labels<T[K]>, value: number): void {
    const metric = this.#metrics.get(key);
    if (!(metric instanceof Histogram)) throw bug(`${String(key)} is no histogram`);
    metric.observe(labels, value);
  }

  /** The values as of now, in Prometheus' text format. */
  async expose(): Promise<Exposition> {
    for (const metric of this.#metrics.values()) if (!(metric instanceof Histogram)) metric.reset();
    const report: Report<T> = (key, labels, value) => {
      const metric = this.#metrics.get(key);
      if (metric === undefined || metric instanceof Histogram)
        throw bug(`${String(key)} is collected, but no counter or gauge`);
      metric.inc(labels, value);
    };
    for (const collect of this.#collectors) collect(report);
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }
}

function create(definition: MetricDefinition, registry: Registry): Counter | Gauge | Histogram {
  const { name, help, labels, buckets } = definition;
  const options = { name, help, labelNames: [...labels], registers: [registry] };
  switch (definition.type) {
    case 'counter':
      return new Counter(options);
    case 'gauge':
      return new Gauge(options);
    case 'histogram':
      return new Histogram(buckets === undefined ? options : { ...options, buckets: [...buckets] });
  }
}
