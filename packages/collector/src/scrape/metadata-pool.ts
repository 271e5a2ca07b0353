/** Type, help and unit of metrics, shared by the targets that say the same: thousands of pods of one program do. */
import type { MetricMetadata } from '@vigie/promql/storage/querier';

/** As many as the database remembers by default. */
const MAX_SHARED = 20_000;

export class MetadataPool {
  readonly #shared = new Map<string, MetricMetadata>();

  /** @returns the same object for the same content, as far as it is remembered */
  share(metadata: MetricMetadata): MetricMetadata {
    const { metric, type, help, unit } = metadata;
    const key = `${metric}\n${type}\n${unit}\n${help}`;
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    if (this.#shared.size >= MAX_SHARED) this.#shared.clear();
    this.#shared.set(key, metadata);
    return metadata;
  }
}
