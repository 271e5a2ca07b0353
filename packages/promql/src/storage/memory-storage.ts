/** Series in memory, as they were given, for test scripts and tests: every question looks at every series. */
import { isReset } from '../histogram/compare.ts';
import type { CounterResetHint, Histogram } from '../histogram/histogram.ts';
import type { LabelSet } from '../labels/label-set.ts';
import type { Matcher } from '../labels/matcher.ts';
import type {
  LabelQuery,
  Labels,
  MetricMetadata,
  Querier,
  SelectedSeries,
  Selection,
  SeriesExemplars,
  StoredSeries,
  TimeRange,
} from './querier.ts';
import type { SampleColumns } from './sample-columns.ts';

export interface StoredSample {
  /** Unix time in ms. */
  readonly timestampMs: number;
  /** `stale` ends the series. */
  readonly value: number | Histogram | 'stale';
  /** When the counter began; 0 where unknown. */
  readonly startTimestampMs: number;
}

class MemorySeries implements StoredSeries {
  readonly labels: LabelSet;
  #samples: StoredSample[] = [];

  constructor(labels: LabelSet) {
    this.labels = labels;
  }

  add(samples: readonly StoredSample[]): void {
    const last = this.#samples.at(-1);
    if (isInOrder(samples, last?.timestampMs ?? -Infinity)) {
      // Rules append to their series at each of their evaluations.
      for (const sample of withHints(samples, last)) this.#samples.push(sample);
      return;
    }
    const byTime = new Map(this.#samples.map((sample) => [sample.timestampMs, sample]));
    for (const sample of samples) if (!byTime.has(sample.timestampMs)) byTime.set(sample.timestampMs, sample);
    this.#samples = withHints([...byTime.values()].sort((a, b) => a.timestampMs - b.timestampMs));
  }

  isIn({ fromMs, toMs }: TimeRange): boolean {
    return this.#samples.some(({ timestampMs }) => timestampMs >= fromMs && timestampMs <= toMs);
  }

  read({ fromMs, toMs }: TimeRange, into: SampleColumns): void {
    for (const sample of this.#samples)
      if (sample.timestampMs >= fromMs && sample.timestampMs <= toMs) addSample(sample, into);
  }

  readNewest({ fromMs, toMs }: TimeRange, into: SampleColumns): void {
    const newest = this.#samples.findLast(({ timestampMs }) => timestampMs <= toMs);
    if (newest !== undefined && newest.timestampMs >= fromMs) addSample(newest, into);
  }
}

function addSample({ timestampMs, value, startTimestampMs }: StoredSample, into: SampleColumns): void {
  if (value === 'stale') into.addStale(timestampMs);
  else if (typeof value === 'number') into.addFloat(timestampMs, value, startTimestampMs);
  else into.addHistogram(timestampMs, value, startTimestampMs);
}

/** What is known of resets, as Prometheus' storage knows it: that a histogram goes on from the one before it. A reset is
 *  not marked as one (prometheus#15346). */
function withHints(samples: readonly StoredSample[], last?: StoredSample): StoredSample[] {
  let before = typeof last?.value === 'object' ? last.value : undefined;
  return samples.map((sample) => {
    const { value } = sample;
    if (typeof value !== 'object' || value.counterResetHint === 'gauge') {
      before = typeof value === 'object' ? value : undefined;
      return sample;
    }
    const counterResetHint = hintOf(value, before);
    before = value;
    return { ...sample, value: { ...value, counterResetHint } };
  });
}

function isInOrder(samples: readonly StoredSample[], afterMs: number): boolean {
  return samples.every(({ timestampMs }, index) => timestampMs > (samples[index - 1]?.timestampMs ?? afterMs));
}

function hintOf(value: Histogram, before: Histogram | undefined): CounterResetHint {
  if (value.counterResetHint === 'reset' || before === undefined || before.counterResetHint === 'gauge')
    return 'unknown';
  if (isReset({ ...value, counterResetHint: 'unknown' }, before)) return 'unknown';
  const isSameLayout = value.schema === before.schema && value.zeroThreshold === before.zeroThreshold;
  return isSameLayout ? 'not_reset' : 'unknown';
}

export class MemoryStorage implements Querier {
  readonly #series = new Map<string, MemorySeries>();

  /** Of two samples with the same time, the first stays. */
  append(labels: LabelSet, samples: readonly StoredSample[]): void {
    let series = this.#series.get(labels.key);
    if (series === undefined) {
      series = new MemorySeries(labels);
      this.#series.set(labels.key, series);
    }
    series.add(samples);
  }

  async select({ matchers, range }: Selection, signal: AbortSignal): Promise<SelectedSeries> {
    signal.throwIfAborted();
    return { series: this.#find([matchers], range), warnings: [] };
  }

  async labelNames(query: LabelQuery, signal: AbortSignal): Promise<Labels> {
    signal.throwIfAborted();
    const names = this.#find(query.matcherSets, query.range).flatMap(({ labels }) => labels.names);
    return distinct(names, query.limit);
  }

  async labelValues(name: string, query: LabelQuery, signal: AbortSignal): Promise<Labels> {
    signal.throwIfAborted();
    const values = this.#find(query.matcherSets, query.range).map(({ labels }) => labels.get(name));
    return distinct(
      values.filter((value) => value !== ''),
      query.limit,
    );
  }

  async series({ matcherSets, range, limit }: LabelQuery, signal: AbortSignal): Promise<SelectedSeries> {
    signal.throwIfAborted();
    return { series: this.#find(matcherSets, range).slice(0, limit), warnings: [] };
  }

  async metadata(): Promise<readonly MetricMetadata[]> {
    return [];
  }

  async exemplars(): Promise<readonly SeriesExemplars[]> {
    return [];
  }

  #find(matcherSets: readonly (readonly Matcher[])[], range: TimeRange): readonly MemorySeries[] {
    const fulfils = (labels: LabelSet, matchers: readonly Matcher[]): boolean =>
      matchers.every((matcher) => matcher.matches(labels.get(matcher.name)));
    return [...this.#series.values()].filter(
      (series) =>
        (matcherSets.length === 0 || matcherSets.some((matchers) => fulfils(series.labels, matchers))) &&
        series.isIn(range),
    );
  }
}

function distinct(values: readonly string[], limit: number | undefined): Labels {
  return { values: [...new Set(values)].sort().slice(0, limit), warnings: [] };
}
