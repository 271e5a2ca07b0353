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

  /** @returns what is known now of the families that the lines are about: of each once, with all that its lines say. A counter that was
   *  nothing in between would be news to the database, with each new pod of a program */
  keep(lines: Scrape['metadata']): readonly MetricMetadata[] {
    const said = new Map<string, MetricMetadata>();
    for (const { family, kind, text } of lines) {
      const before = said.get(family) ??
        this.#byFamily.get(family) ?? { metric: family, type: 'unknown', help: '', unit: '' };
      said.set(family, { ...before, [kind]: text });
    }
    const kept = Array.from(said.values(), (metadata) => this.#pool.share(metadata));
    for (const metadata of kept) this.#byFamily.set(metadata.metric, metadata);
    if (this.#isAnew) this.#most = Math.max(MOST_FAMILIES, 2 * this.#byFamily.size);
    this.#isAnew = false;
    return kept;
  }
}
