/** A Querier that remembers what was selected of it: how new the samples were that a query was made of, its result does not say. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { Querier, StoredSeries, TimeRange } from '@vigie/promql/storage/querier';
import { SampleColumns } from '@vigie/promql/storage/sample-columns';
import { querierView } from './querier-view.ts';

interface Selected {
  /** As the storage has handed it out: what PromQL knows of such an array it finds by it. */
  readonly series: readonly StoredSeries[];
  readonly range: TimeRange;
}

export class NewestSamples {
  readonly querier: Querier;
  readonly #selected: Selected[] = [];
  /** What was made of the selected, by the names of labels. */
  readonly #times = new Map<string, ReadonlyMap<string, number>>();

  constructor(querier: Querier) {
    this.querier = querierView(querier, (selected, { range }) => {
      this.#selected.push({ series: selected.series, range });
      this.#times.clear();
      return selected;
    });
  }

  /** Of the series with the same values of these labels, the time of the newest sample; undefined where there is none.
   *  @param names of labels; none: the newest of all */
  newestOf(labels: LabelSet, names: readonly string[]): number | undefined {
    const key = names.join('\n');
    let times = this.#times.get(key);
    if (times === undefined) {
      times = this.#byLabels(names);
      this.#times.set(key, times);
    }
    return times.get(valuesKey(labels, names));
  }

  /** By valuesKey. */
  #byLabels(names: readonly string[]): ReadonlyMap<string, number> {
    const times = new Map<string, number>();
    for (const { series, range } of this.#selected) {
      for (const one of series) {
        const timestampMs = newestMs(one, range);
        if (timestampMs === undefined) continue;
        const key = valuesKey(one.labels, names);
        if (timestampMs > (times.get(key) ?? Number.NEGATIVE_INFINITY)) times.set(key, timestampMs);
      }
    }
    return times;
  }

  /** What had samples. */
  get series(): readonly LabelSet[] {
    const labels = this.#selected.flatMap(({ series, range }) =>
      series.filter((one) => newestMs(one, range) !== undefined).map((one) => one.labels),
    );
    return [...new Set(labels)];
  }
}

/** Equal for equal values of these labels. */
export function valuesKey(labels: LabelSet, names: readonly string[]): string {
  const [first] = names;
  // Nearly always the one that names the object.
  if (names.length === 1 && first !== undefined) return labels.get(first);
  return names.map((name) => labels.get(name)).join('\xff');
}

/** Used and left within one turn. */
const columns = new SampleColumns();

/** Of the newest sample that is no marker of an end. */
function newestMs(series: StoredSeries, range: TimeRange): number | undefined {
  columns.clear();
  series.readNewest(range, columns);
  if (columns.length > 0 && columns.isStale(columns.length - 1)) {
    columns.clear();
    series.read(range, columns);
  }
  for (let at = columns.length - 1; at >= 0; at--) if (!columns.isStale(at)) return columns.timestampsMs[at];
  return undefined;
}
