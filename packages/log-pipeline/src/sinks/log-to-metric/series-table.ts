/** Every series of one sink: bounded in number, and gone some time after their container. */
import type { Clock } from '@vigie/core/clock';
import type { RecordFacts } from '../../encode/document.ts';
import type { LogMetricConfig } from './config.ts';
import { formatHeader, formatLabels, joinLabels } from './exposition.ts';
import { createSeries, type Series } from './series.ts';

export interface SeriesTableOptions {
  readonly metrics: readonly LogMetricConfig[];
  /** Of each metric, beside the one that takes what is beyond. */
  readonly maxSeries: number;
  readonly expireMs: number;
  readonly clock: Clock;
  /** So many samples went to a series of others. */
  readonly overflowed: (samples: number) => void;
}

export type ContainerNames = Pick<RecordFacts, 'namespace' | 'podName' | 'containerName'>;

/** What a container's records count for. */
export interface SampledContainer {
  /** As they stand between braces. */
  readonly labels: string;
  /** Of each metric, by its own labels: keys of `SeriesTable.add`. */
  readonly series: readonly Map<string, number>[];
  heardMs: number;
}

const OTHER = 'other';
/** A walk over all containers costs little, beside as many records as come meanwhile. */
const SWEEPS_PER_EXPIRY = 10;

export class SeriesTable {
  readonly #options: SeriesTableOptions;
  /** By their labels. */
  readonly #containers = new Map<string, SampledContainer>();
  readonly #series = new Map<
    number,
    { readonly metric: number; readonly series: Series; readonly isOverflow: boolean }
  >();
  readonly #counts: number[];
  #nextKey = 1;
  #sweepAtMs = 0;

  constructor(options: SeriesTableOptions) {
    this.#options = options;
    this.#counts = options.metrics.map(() => 0);
  }

  /** A container that has written something. Valid until the caller gives way to others. */
  container({ namespace, podName, containerName }: ContainerNames): SampledContainer {
    const heardMs = this.#options.clock.monotonicMs();
    this.#sweep(heardMs);
    const labels = formatLabels([
      ['namespace', namespace],
      ['pod', podName],
      ['container', containerName],
    ]);
    let container = this.#containers.get(labels);
    if (container === undefined) {
      container = { labels, series: this.#options.metrics.map(() => new Map()), heardMs };
      this.#containers.set(labels, container);
    }
    container.heardMs = heardMs;
    return container;
  }

  /** @param labels those that the metric was given, as they stand between braces
   *  @returns key for `add` */
  keyOf(container: SampledContainer, metric: number, labels: string): number {
    const known = container.series[metric]?.get(labels);
    if (known !== undefined) return known;
    if ((this.#counts[metric] ?? 0) < this.#options.maxSeries) return this.#create(container, metric, labels, false);
    const others = this.container({ namespace: OTHER, podName: OTHER, containerName: OTHER });
    const names = Object.keys(this.#options.metrics[metric]?.labels ?? {});
    const otherLabels = formatLabels(names.map((name) => [name, OTHER]));
    return others.series[metric]?.get(otherLabels) ?? this.#create(others, metric, otherLabels, true);
  }

  /** @param key of a series whose container was heard within the last `expireMs` */
  add(key: number, sample: number): void {
    const entry = this.#series.get(key);
    if (entry === undefined) return;
    entry.series.add(sample);
    if (entry.isOverflow) this.#options.overflowed(1);
  }

  /** Takes the series of metrics that are still what they were, as far as `maxSeries` has room. `before` is not used any
   *  more. */
  adopt(before: SeriesTable): void {
    const metrics = this.#options.metrics.map((metric) => {
      const definition = definitionOf(metric);
      return before.#options.metrics.findIndex((old) => definitionOf(old) === definition);
    });
    for (const [labels, { series, heardMs }] of before.#containers) {
      const container = this.#containers.get(labels) ?? { labels, series: metrics.map(() => new Map()), heardMs };
      for (const [metric, old] of metrics.entries()) {
        for (const [own, oldKey] of series[old] ?? []) {
          const entry = before.#series.get(oldKey);
          if (entry === undefined) continue;
          if (!entry.isOverflow && (this.#counts[metric] ?? 0) >= this.#options.maxSeries) continue;
          this.#put(container, metric, own, entry.series, entry.isOverflow);
        }
      }
      if (container.series.some(({ size }) => size > 0)) this.#containers.set(labels, container);
    }
  }

  /** All metrics with their samples, in the text format. */
  expose(): string {
    this.#expire(this.#options.clock.monotonicMs());
    const pages = this.#options.metrics.map(({ name, type, help }) => [formatHeader(name, type, help)]);
    for (const { metric, series } of this.#series.values()) {
      pages[metric]?.push(series.expose(this.#options.metrics[metric]?.name ?? ''));
    }
    return pages.map((lines) => lines.join('')).join('');
  }

  #create(container: SampledContainer, metric: number, labels: string, isOverflow: boolean): number {
    const series = createSeries(this.#options.metrics[metric]!, joinLabels(container.labels, labels));
    return this.#put(container, metric, labels, series, isOverflow);
  }

  #put(container: SampledContainer, metric: number, labels: string, series: Series, isOverflow: boolean): number {
    const key = this.#nextKey++;
    this.#series.set(key, { metric, series, isOverflow });
    container.series[metric]?.set(labels, key);
    if (!isOverflow) this.#counts[metric]! += 1;
    return key;
  }

  #sweep(nowMs: number): void {
    if (nowMs < this.#sweepAtMs) return;
    this.#sweepAtMs = nowMs + this.#options.expireMs / SWEEPS_PER_EXPIRY;
    this.#expire(nowMs);
  }

  #expire(nowMs: number): void {
    for (const [labels, container] of this.#containers) {
      if (nowMs - container.heardMs < this.#options.expireMs) continue;
      this.#containers.delete(labels);
      for (const [metric, keys] of container.series.entries()) {
        for (const key of keys.values()) {
          if (this.#series.get(key)?.isOverflow === false) this.#counts[metric]! -= 1;
          this.#series.delete(key);
        }
      }
    }
  }
}

/** What a metric's samples depend on: the same text, the same series. The order of labels is part of it. */
function definitionOf(metric: LogMetricConfig): string {
  return JSON.stringify({ ...metric, help: undefined });
}
