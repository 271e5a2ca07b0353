/** A Querier that remembers how new the samples were that a query was made of: its result carries none of their times. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { Querier, SelectedSeries, Selection, StoredSeries, TimeRange } from '@vigie/promql/storage/querier';
import type { SampleColumns } from '@vigie/promql/storage/sample-columns';

export class NewestSamples {
  readonly querier: Querier;
  readonly #newest = new Map<LabelSet, number>();

  constructor(querier: Querier) {
    const seen = (labels: LabelSet, timestampMs: number): void => {
      if (timestampMs > (this.#newest.get(labels) ?? Number.NEGATIVE_INFINITY)) this.#newest.set(labels, timestampMs);
    };
    this.querier = {
      select: async (selection: Selection, signal: AbortSignal): Promise<SelectedSeries> => {
        const { series, warnings } = await querier.select(selection, signal);
        return { series: series.map((one) => new WatchedSeries(one, seen)), warnings };
      },
      labelNames: (query, signal) => querier.labelNames(query, signal),
      labelValues: (name, query, signal) => querier.labelValues(name, query, signal),
      series: (query, signal) => querier.series(query, signal),
      metadata: (query, signal) => querier.metadata(query, signal),
      exemplars: (query, signal) => querier.exemplars(query, signal),
    };
  }

  /** Of the series with each value of a label, the time of the newest sample; '' has the newest of all. */
  byLabel(label: string): ReadonlyMap<string, number> {
    const times = new Map<string, number>();
    const put = (key: string, timestampMs: number): void => {
      if (timestampMs > (times.get(key) ?? Number.NEGATIVE_INFINITY)) times.set(key, timestampMs);
    };
    for (const [labels, timestampMs] of this.#newest) {
      put('', timestampMs);
      const value = label === '' ? '' : labels.get(label);
      if (value !== '') put(value, timestampMs);
    }
    return times;
  }

  /** What was read. */
  get series(): Iterable<LabelSet> {
    return this.#newest.keys();
  }
}

class WatchedSeries implements StoredSeries {
  readonly labels: LabelSet;
  readonly #series: StoredSeries;
  readonly #seen: (labels: LabelSet, timestampMs: number) => void;

  constructor(series: StoredSeries, seen: (labels: LabelSet, timestampMs: number) => void) {
    this.labels = series.labels;
    this.#series = series;
    this.#seen = seen;
  }

  read(range: TimeRange, into: SampleColumns): void {
    const before = into.length;
    this.#series.read(range, into);
    this.#look(into, before);
  }

  readNewest(range: TimeRange, into: SampleColumns): void {
    const before = into.length;
    this.#series.readNewest(range, into);
    this.#look(into, before);
  }

  #look(into: SampleColumns, before: number): void {
    for (let at = into.length - 1; at >= before; at--) {
      if (into.isStale(at)) continue;
      this.#seen(this.labels, into.timestampsMs[at]!);
      return;
    }
  }
}
