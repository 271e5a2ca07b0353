/** The value of one metric under one set of labels. */
import { assertNever } from '@vigie/core/errors';
import type { LogMetricConfig } from './config.ts';
import { formatSample, formatValue, joinLabels } from './exposition.ts';

export interface Series {
  add(sample: number): void;
  /** Its lines; none before the first sample. */
  expose(name: string): string;
}

/** @param labels as they stand between braces */
export function createSeries(metric: LogMetricConfig, labels: string): Series {
  switch (metric.type) {
    case 'counter':
      return new ValueSeries(labels, (value, sample) => value + sample);
    case 'gauge':
      return new ValueSeries(labels, (_value, sample) => sample);
    case 'histogram':
      return new HistogramSeries(labels, metric.buckets);
    default:
      return assertNever(metric);
  }
}

class ValueSeries implements Series {
  readonly #labels: string;
  readonly #next: (value: number, sample: number) => number;
  #value: number | undefined;

  constructor(labels: string, next: (value: number, sample: number) => number) {
    this.#labels = labels;
    this.#next = next;
  }

  add(sample: number): void {
    this.#value = this.#next(this.#value ?? 0, sample);
  }

  expose(name: string): string {
    return this.#value === undefined ? '' : formatSample(name, this.#labels, this.#value);
  }
}

class HistogramSeries implements Series {
  readonly #labels: string;
  readonly #bounds: readonly number[];
  /** Samples of each bucket alone; the last is what is above all bounds. */
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(labels: string, bounds: readonly number[]) {
    this.#labels = labels;
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  add(sample: number): void {
    const found = this.#bounds.findIndex((bound) => sample <= bound);
    this.#counts[found === -1 ? this.#bounds.length : found]! += 1;
    this.#sum += sample;
  }

  expose(name: string): string {
    let lines = '';
    let count = 0;
    for (const [index, samples] of this.#counts.entries()) {
      count += samples;
      const bound = formatValue(this.#bounds[index] ?? Number.POSITIVE_INFINITY);
      lines += formatSample(`${name}_bucket`, joinLabels(this.#labels, `le="${bound}"`), count);
    }
    if (count === 0) return '';
    return (
      lines + formatSample(`${name}_sum`, this.#labels, this.#sum) + formatSample(`${name}_count`, this.#labels, count)
    );
  }
}
