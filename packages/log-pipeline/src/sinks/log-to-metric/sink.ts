/** Metrics made of records, for Prometheus to scrape. A record counts when its request is delivered, which is at once. */
import type { RecordFacts } from '../../encode/document.ts';
import type { GroupShape } from '../../encode/group-shape.ts';
import type { SendOutcome, Sink, SinkDeps } from '../sink.ts';
import type { LogToMetricConfig } from './config.ts';
import { Sampler } from './sampler.ts';
import { SeriesTable } from './series-table.ts';
import { addSamples, MetricShape } from './shape.ts';

export class LogToMetricSink implements Sink {
  readonly type = 'log_to_metric';
  readonly name: string;
  readonly linesPerRecord = 1;
  readonly perUtcDay = false;
  readonly takesDeflate = false;
  readonly #samplers: readonly Sampler[];
  readonly #table: SeriesTable;
  readonly #events: SinkDeps['events'];

  constructor(
    name: string,
    { metrics, max_series: maxSeries, expire: expireMs }: Pick<LogToMetricConfig, 'metrics' | 'max_series' | 'expire'>,
    { clock, events }: Pick<SinkDeps, 'clock' | 'events'>,
  ) {
    this.name = name;
    this.#events = events;
    this.#samplers = metrics.map((metric) => new Sampler(metric));
    const overflowed = (samples: number): void => events.count(name, 'series_overflow', samples);
    this.#table = new SeriesTable({ metrics, maxSeries, expireMs, clock, overflowed });
  }

  shape(facts: RecordFacts): GroupShape {
    return new MetricShape(facts, {
      samplers: this.#samplers,
      table: this.#table,
      invalid: (samples) => this.#events.count(this.name, 'invalid_value', samples),
    });
  }

  adopt(before: Sink): void {
    if (before instanceof LogToMetricSink) this.#table.adopt(before.#table);
  }

  async start(): Promise<void> {
    // Whoever scrapes asks the agent.
  }

  async close(): Promise<void> {
    // Nothing is open.
  }

  async send(body: Uint8Array): Promise<SendOutcome> {
    addSamples(body, this.#table);
    return { status: 'accepted' };
  }

  /** As of now, in Prometheus' text format. */
  expose(): string {
    return this.#table.expose();
  }
}
