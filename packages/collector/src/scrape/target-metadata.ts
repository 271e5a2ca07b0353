/** What a target says of its metrics: type, help and unit. A reader tells what is new or has changed, and so not what has gone:
 *  of a target that names its metrics anew with each scrape all is forgotten from time to time, and told again.
 *  Prometheus (scrape/scrape.go, iterDone) forgets what ten scrapes lacked. */
import type { MetricMetadata } from '@vigie/promql/storage/querier';
import type { Scrape } from '@vigie/wire/exposition/scrape';
import type { MetadataPool } from './metadata-pool.ts';

/** Several times what the largest exporters have. */
const MOST_FAMILIES = 10_000;

export class TargetMetadata {
  readonly #byFamily = new Map<string, MetricMetadata>();
  readonly #pool: MetadataPool;
  #most = MOST_FAMILIES;
  #isAnew = false;

  constructor(pool: MetadataPool) {
    this.#pool = pool;
  }

  get byFamily(): ReadonlyMap<string, MetricMetadata> {
    return this.#byFamily;
  }

  /** Whether most of it must have gone. */
  get isOverfull(): boolean {
    return this.#byFamily.size > this.#most;
  }

  /** The next scrape tells all that there is. */
  beginAnew(): void {
    this.#byFamily.clear();
    this.#isAnew = true;
  }

  /** @returns what is known now of the families that the lines are about, once for each line */
  keep(lines: Scrape['metadata']): readonly MetricMetadata[] {
    const kept = lines.map(({ family, kind, text }) => {
      const before = this.#byFamily.get(family) ?? { metric: family, type: 'unknown', help: '', unit: '' };
      const after = this.#pool.share({ ...before, [kind]: text });
      this.#byFamily.set(family, after);
      return after;
    });
    if (this.#isAnew) this.#most = Math.max(MOST_FAMILIES, 2 * this.#byFamily.size);
    this.#isAnew = false;
    return kept;
  }
}
