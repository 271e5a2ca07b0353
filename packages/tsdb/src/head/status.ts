/** What a head is full of, as `/api/v1/status/tsdb` answers it: for whoever looks for the label that costs so much.
 *  Source: prometheus v0.315.0, tsdb/index/postings.go, Stats. */
import { METRIC_NAME } from '@vigie/promql/labels/label-set';
import type { Head } from './head.ts';

export interface NamedCount {
  readonly name: string;
  readonly value: number;
}

/** Names as in Prometheus' JSON. Lists descend. */
export interface HeadStatus {
  readonly headStats: {
    readonly numSeries: number;
    readonly numLabelPairs: number;
    /** Hot blocks count as one each. */
    readonly chunkCount: number;
    /** Unix ms, of all that is kept; 0 without samples. */
    readonly minTime: number;
    readonly maxTime: number;
  };
  readonly seriesCountByMetricName: readonly NamedCount[];
  readonly labelValueCountByLabelName: readonly NamedCount[];
  /** Bytes of a label's values, each as often as there are series with it. */
  readonly memoryInBytesByLabelName: readonly NamedCount[];
  readonly seriesCountByLabelValuePair: readonly NamedCount[];
}

/** @param limit of each list, at least 1
 *  Cost: about 100 ns for each pair of name and value. */
export function headStatus(
  { table, store, symbols, postings, oldestMs, newestMs, keptFromMs }: Head,
  limit: number,
): HeadStatus {
  const metrics = new Largest(limit);
  const valueCounts = new Largest(limit);
  const bytes = new Largest(limit);
  const pairs = new Largest(limit);
  for (const nameId of postings.names) {
    const name = symbols.text(nameId);
    let values = 0;
    let total = 0;
    for (const valueId of postings.values(nameId)) {
      const series = postings.count(nameId, valueId);
      const value = symbols.text(valueId);
      values++;
      total += Buffer.byteLength(value) * series;
      if (name === METRIC_NAME) metrics.add(series, () => value);
      pairs.add(series, () => `${name}=${value}`);
    }
    valueCounts.add(values, () => name);
    bytes.add(total, () => name);
  }
  const hasSamples = Number.isFinite(newestMs);
  return {
    headStats: {
      numSeries: table.count,
      numLabelPairs: postings.pairs,
      chunkCount: store.chunks.count + store.hot.used,
      minTime: hasSamples ? Math.max(oldestMs, keptFromMs) : 0,
      maxTime: hasSamples ? newestMs : 0,
    },
    seriesCountByMetricName: metrics.counts,
    labelValueCountByLabelName: valueCounts.counts,
    memoryInBytesByLabelName: bytes.counts,
    seriesCountByLabelValuePair: pairs.counts,
  };
}

/** The largest of many, of which few are kept: one that is too small costs a comparison. */
class Largest {
  readonly #limit: number;
  readonly #kept: NamedCount[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get counts(): readonly NamedCount[] {
    return this.#kept;
  }

  /** Of equal ones, the first stay. */
  add(value: number, name: () => string): void {
    const kept = this.#kept;
    if (kept.length === this.#limit) {
      if (value <= kept[kept.length - 1]!.value) return;
      kept.pop();
    }
    let at = kept.length;
    while (at > 0 && kept[at - 1]!.value < value) at--;
    kept.splice(at, 0, { name: name(), value });
  }
}
