/** Reads a target's Protocol Buffers scrape after scrape, with the columns that the text formats give too. */
import { LimitError } from '../errors.ts';
import type { NativeHistogram } from '../native-histogram.ts';
import type { Exemplar, MetricType } from './entry.ts';
import { type FamilySink, type HistogramForms, readFamilies } from './protobuf-families.ts';
import { DROPPED, type FamilyMetadata, type ResolveSeries, type Scrape, type ScrapeLimits } from './scrape.ts';
import type { ScrapeColumns } from './scrape-columns.ts';
import { SEPARATOR, type SeriesLabels } from './series-labels.ts';

export interface FamilyScraperOptions {
  readonly resolve: ResolveSeries;
  readonly limits: ScrapeLimits;
  readonly histograms: HistogramForms;
  readonly columns: ScrapeColumns;
}

/** Memory per series: a string of its labels, and an entry of a map. */
export class FamilyScraper implements FamilySink {
  readonly #resolve: ResolveSeries;
  readonly #limits: ScrapeLimits;
  readonly #histograms: HistogramForms;
  readonly #columns: ScrapeColumns;
  #known = new Map<string, number>();
  #next = new Map<string, number>();
  #knownMetadata = new Map<string, string>();
  #nextMetadata = new Map<string, string>();

  constructor({ resolve, limits, histograms, columns }: FamilyScraperOptions) {
    this.#resolve = resolve;
    this.#limits = limits;
    this.#histograms = histograms;
    this.#columns = columns;
  }

  get refs(): readonly number[] {
    return Array.from(this.#known.values()).filter((ref) => ref >= 0);
  }

  clear(): void {
    this.#known = new Map();
    this.#knownMetadata = new Map();
  }

  /** @param body not kept
   *  @throws {MalformedError | LimitError} after which the reader is as it was before */
  read(body: Buffer): Scrape {
    const { bodyBytes, labels, samples } = this.#limits;
    if (body.length > bodyBytes) throw new LimitError('bytes in a body', bodyBytes);
    this.#columns.clear(samples);
    this.#next = new Map();
    this.#nextMetadata = new Map();
    readFamilies(body, { labels, parts: PARTS_OF_A_METRIC }, this, this.#histograms);
    const there = new Set(this.#next.values());
    const gone = new Set<number>();
    for (const [key, ref] of this.#known) if (ref >= 0 && !this.#next.has(key) && !there.has(ref)) gone.add(ref);
    this.#columns.gone = Array.from(gone);
    this.#known = this.#next;
    this.#knownMetadata = this.#nextMetadata;
    return this.#columns;
  }

  metadata(metadata: FamilyMetadata): void {
    const key = `${metadata.kind}${SEPARATOR}${metadata.family}`;
    this.#nextMetadata.set(key, metadata.text);
    if (this.#knownMetadata.get(key) !== metadata.text) this.#columns.metadata.push(metadata);
  }

  sample(
    labels: SeriesLabels,
    type: MetricType,
    value: number,
    timestampMs: number,
    startTimestampMs: number,
    exemplar: Exemplar | undefined,
  ): void {
    const ref = this.#refOf(labels, type);
    if (ref === DROPPED) this.#columns.droppedCount++;
    else {
      this.#columns.add(ref, value, timestampMs, startTimestampMs, 0);
      if (exemplar !== undefined) this.#columns.exemplars.push({ ref, exemplar });
    }
    this.#columns.checkLimit();
  }

  histogram(
    labels: SeriesLabels,
    type: MetricType,
    histogram: NativeHistogram,
    timestampMs: number,
    startTimestampMs: number,
    exemplars: readonly Exemplar[],
  ): void {
    const ref = this.#refOf(labels, type);
    if (ref === DROPPED) this.#columns.droppedCount++;
    else {
      this.#columns.histograms.push({ ref, timestampMs, startTimestampMs, histogram });
      for (const exemplar of exemplars) this.#columns.exemplars.push({ ref, exemplar });
    }
    this.#columns.checkLimit();
  }

  #refOf(labels: SeriesLabels, type: MetricType): number {
    const key = labels.join(SEPARATOR);
    const known = this.#known.get(key) ?? this.#next.get(key);
    const ref = known ?? Math.max(DROPPED, this.#resolve(labels, type));
    this.#next.set(key, ref);
    return ref;
  }
}

/** A native histogram has 160 buckets as a rule, and its limit in Prometheus is a few hundred. */
const PARTS_OF_A_METRIC = 20_000;
