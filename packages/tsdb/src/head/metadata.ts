/** Type, help and unit of metrics, as their newest scrape said. */
import type { MetadataQuery, MetricMetadata } from '@vigie/promql/storage/querier';

export class Metadata {
  readonly #capacity: number;
  readonly #byMetric = new Map<string, MetricMetadata>();
  /** Metrics that found no room. */
  refused = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get count(): number {
    return this.#byMetric.size;
  }

  /** @returns whether it says something new */
  set(metadata: MetricMetadata): boolean {
    const { metric, type, help, unit } = metadata;
    const known = this.#byMetric.get(metric);
    if (known !== undefined && known.type === type && known.help === help && known.unit === unit) return false;
    if (known === undefined && this.#byMetric.size >= this.#capacity) {
      this.refused++;
      return false;
    }
    this.#byMetric.set(metric, metadata);
    return true;
  }

  query({ metric, limit, limitPerMetric }: MetadataQuery): readonly MetricMetadata[] {
    // One for each metric is kept, so that only a limit of 0 cuts.
    if (limitPerMetric === 0) return [];
    if (metric !== undefined) {
      const found = this.#byMetric.get(metric);
      return found === undefined || limit === 0 ? [] : [found];
    }
    return [...this.#byMetric.values()].slice(0, limit);
  }
}
