/** What the scrapes of one target say, whichever format each of them comes in. */
import type { ExpositionFormat } from './content-type.ts';
import { FamilyScraper } from './family-scraper.ts';
import type { HistogramForms } from './protobuf-families.ts';
import { DEFAULT_SCRAPE_LIMITS, type ResolveSeries, type Scrape, type ScrapeLimits } from './scrape.ts';
import { ScrapeColumns } from './scrape-columns.ts';
import { TextScraper } from './text-scraper.ts';

export interface ScrapeReaderOptions {
  readonly resolve: ResolveSeries;
  readonly limits?: ScrapeLimits;
  /** What OpenMetrics' `_created` lines are: series as any other (Prometheus' default), or the start times of theirs. */
  readonly created?: 'series' | 'start_times';
  /** Of histograms that are both native and classic, which comes with Protocol Buffers alone; native unless given. */
  readonly histograms?: HistogramForms;
  /** Shared by all readers of which nothing is wanted any more when another one reads: a thousand lines take 32 KB. One's own unless given. */
  readonly columns?: ScrapeColumns;
}

interface Scraper {
  readonly refs: readonly number[];
  read(body: Buffer): Scrape;
  clear(): void;
}

export class ScrapeReader {
  readonly #resolve: ResolveSeries;
  readonly #limits: ScrapeLimits;
  readonly #created: 'series' | 'start_times';
  readonly #histograms: HistogramForms;
  readonly #columns: ScrapeColumns;
  #format: ExpositionFormat | undefined;
  #scraper: Scraper | undefined;

  constructor(options: ScrapeReaderOptions) {
    const { resolve, limits = DEFAULT_SCRAPE_LIMITS, created = 'series', histograms = 'native' } = options;
    this.#resolve = resolve;
    this.#limits = limits;
    this.#created = created;
    this.#histograms = histograms;
    this.#columns = options.columns ?? new ScrapeColumns();
  }

  /** Series of the last scrape: when one fails, a staleness marker is due for each. A series may be there twice. */
  get refs(): readonly number[] {
    return this.#scraper?.refs ?? [];
  }

  /** Forgets every series: their references are not valid any more, or their markers are written. */
  clear(): void {
    this.#scraper?.clear();
  }

  /** @param body decompressed; not kept
   *  @returns valid until the next call, of any reader with the same columns
   *  @throws {ExpositionError | MalformedError | LimitError} the whole scrape counts as failed; the next one is compared with the
   *  one before it */
  read(body: Buffer, format: ExpositionFormat): Scrape {
    if (format === this.#format && this.#scraper !== undefined) return this.#scraper.read(body);
    const scraper = this.#make(format);
    const scrape = scraper.read(body);
    const gone = new Set(this.refs);
    for (const ref of scraper.refs) gone.delete(ref);
    this.#format = format;
    this.#scraper = scraper;
    return gone.size === 0 ? scrape : { ...columnsOf(scrape), gone: Array.from(gone) };
  }

  #make(format: ExpositionFormat): Scraper {
    if (format === 'protobuf') {
      return new FamilyScraper({
        resolve: this.#resolve,
        limits: this.#limits,
        histograms: this.#histograms,
        columns: this.#columns,
      });
    }
    return new TextScraper(format === 'text' ? 'prometheus' : 'openmetrics', {
      resolve: this.#resolve,
      limits: this.#limits,
      created: this.#created,
      columns: this.#columns,
    });
  }
}

function columnsOf(scrape: Scrape): Scrape {
  const { count, refs, values, timestampsMs, startTimestampsMs, histograms, exemplars, metadata, gone, droppedCount } =
    scrape;
  return { count, refs, values, timestampsMs, startTimestampsMs, histograms, exemplars, metadata, gone, droppedCount };
}
