/** What one target's scrapes become in the database: its samples, staleness markers for what has gone, and what a scrape tells of itself.
 *  Source: Prometheus, scrape/scrape.go, append and report. */
import { describeError } from '@vigie/core/errors';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { MetricMetadata } from '@vigie/promql/storage/querier';
import { toHistogram } from '@vigie/tsdb/api/histograms';
import type { Head } from '@vigie/tsdb/head/head';
import { ACCEPTED, KNOWN, refusalOf } from '@vigie/tsdb/head/outcome';
import { formatOfContentType } from '@vigie/wire/exposition/content-type';
import { DEFAULT_SCRAPE_LIMITS, DROPPED, type Scrape } from '@vigie/wire/exposition/scrape';
import { ScrapeReader } from '@vigie/wire/exposition/scrape-reader';
import type { SeriesLabels } from '@vigie/wire/exposition/series-labels';
import type { ScrapeConfig } from '../config/collector-config.ts';
import { formatOfProtocol } from './accept-header.ts';
import type { AppendRows } from './append-rows.ts';
import { ClassicHistograms } from './classic-histograms.ts';
import type { FetchedExposition } from './fetch-exposition.ts';
import { NO_HISTOGRAM_LIMITS, withinLimits } from './histogram-limits.ts';
import type { JobCounts } from './job-counts.ts';
import type { MetadataPool } from './metadata-pool.ts';
import { EXTRA_REPORT_METRICS, REPORT_METRICS, type ScrapeReport } from './report-samples.ts';
import { reportLabels, sampleLabels } from './sample-labels.ts';
import { failureOf, ScrapeError } from './scrape-error.ts';
import { REFUSED, SeriesPlaces } from './series-places.ts';
import { TargetExemplars } from './target-exemplars.ts';
import { TargetMetadata } from './target-metadata.ts';

/** The part of the database that is needed. */
export interface SampleStore {
  readonly head: Pick<
    Head,
    'getOrCreate' | 'has' | 'newestMsOf' | 'append' | 'appendHistograms' | 'addExemplar' | 'setMetadata' | 'counts'
  >;
  commit(): Promise<unknown>;
  /** See Tsdb.gather. */
  gather(): () => void;
}

export interface SampleDeps {
  readonly store: SampleStore;
  readonly rows: AppendRows;
  readonly metadata: MetadataPool;
}

export interface RecordedScrape {
  /** undefined: it went well. */
  readonly failure: ScrapeError | undefined;
  /** Samples that the database did not take, by reason; it counts series that it does not make itself. */
  readonly refused: ReadonlyMap<string, number>;
}

/** Series beyond a budget are asked for again, for others may have gone. */
const ASK_REFUSED_AGAIN_MS = 5 * 60_000;
const NO_SAMPLES = { scraped: 0, postRelabeling: 0, seriesAdded: 0 };

export class TargetSamples {
  /** Of a scrape; told with each. */
  timeoutMs: number;
  readonly #target: LabelSet;
  readonly #config: ScrapeConfig;
  readonly #deps: SampleDeps;
  readonly #metadata: TargetMetadata;
  readonly #places = new SeriesPlaces();
  readonly #reader: ScrapeReader;
  /** undefined: they are kept as they come. */
  readonly #classic: ClassicHistograms | undefined;
  readonly #reportRefs = new Map<string, number>();
  readonly #exemplars: TargetExemplars;
  /** Of the read that is under way. */
  #newPlaces: number[] = [];
  #beyondLimit = 0;
  /** Histograms of it that are none. */
  #flawed = 0;
  /** A histogram of it has too many buckets at any resolution. */
  #tooLarge: ScrapeError | undefined;
  #refusedSinceMs: number | undefined;
  /** The reader does not know what the last scrape had. */
  #isAnew = false;
  #seriesRemoved = 0;
  /** Every series has its marker already. */
  #isStale = true;

  /** @param target its public labels */
  constructor(target: LabelSet, config: ScrapeConfig, timeoutMs: number, deps: SampleDeps) {
    this.#target = target;
    this.#config = config;
    this.timeoutMs = timeoutMs;
    this.#deps = deps;
    this.#metadata = new TargetMetadata(deps.metadata);
    this.#exemplars = new TargetExemplars(deps.store.head, this.#places);
    this.#seriesRemoved = deps.store.head.counts.seriesRemoved;
    const { scrapeNativeHistograms, alwaysScrapeClassicHistograms: keepsClassic } = config;
    this.#reader = new ScrapeReader({
      resolve: (labels, type) => this.#resolve(labels, type),
      limits: { ...DEFAULT_SCRAPE_LIMITS, bodyBytes: Number.POSITIVE_INFINITY },
      histograms: scrapeNativeHistograms ? (keepsClassic ? 'both' : 'native') : 'classic',
      columns: deps.rows.scraped,
    });
    this.#classic = config.convertsClassicHistograms
      ? new ClassicHistograms({
          keepsClassic,
          isHistogram: (family) => this.#typeOf(family) === 'histogram',
          placeOf: (labels) => this.#placeOf(labels),
        })
      : undefined;
  }

  /** By family; it changes with each scrape. */
  get metadata(): ReadonlyMap<string, MetricMetadata> {
    return this.#metadata.byFamily;
  }

  /** A scrape is under way. @returns to be called when it is recorded, or will not be */
  expect(): () => void {
    return this.#deps.store.gather();
  }

  /** Appends all that a scrape gives; queries see it when this returns.
   *  @param fetched the answer, or why there is none
   *  @param atMs of samples without a time of their own, Unix ms
   *  @param elapsedSeconds since the scrape began; asked when it is over */
  record(
    fetched: FetchedExposition | ScrapeError,
    atMs: number,
    elapsedSeconds: () => number,
    counts: JobCounts,
  ): RecordedScrape {
    const read = fetched instanceof ScrapeError ? fetched : this.#read(fetched, atMs);
    const failure = read instanceof ScrapeError ? read : undefined;
    const scrape = read instanceof ScrapeError ? undefined : read;
    const tally = this.#tally(scrape);
    const isOverLimit = tally.postRelabeling > (this.#config.limits.samples ?? Number.POSITIVE_INFINITY);
    const limited =
      failure ?? (isOverLimit ? new ScrapeError('sample_limit', 'sample limit exceeded') : this.#tooLarge);
    const kept = limited === undefined ? scrape : undefined;
    const refused = this.#append(kept, atMs, {
      ...tally,
      seriesAdded: limited === undefined ? tally.seriesAdded : 0,
      up: limited === undefined,
      durationSeconds: elapsedSeconds(),
      timeoutSeconds: this.timeoutMs / 1000,
      sampleLimit: this.#config.limits.samples ?? 0,
      bodyBytes: bodyBytesOf(fetched),
    });
    this.#keepMetadata(scrape);
    this.#settle(limited, scrape, atMs);
    counts.samples += tally.scraped;
    for (const [reason, count] of refused) counts.refuse(reason, count);
    return { failure: limited, refused };
  }

  /** Ends all series, those that tell of scrapes too. What has been written since by a scrape that took its place stays. */
  end(atMs: number): Promise<unknown> {
    const { rows, store } = this.#deps;
    // Within an out-of-order window the database would take a marker between the samples of whoever goes on with the series.
    const hasEnded = (ref: number): boolean => store.head.newestMsOf(ref) < atMs;
    const places = [...this.#places.taken()].filter((place) => hasEnded(this.#places.refAt(place)));
    const reports = [...this.#reportRefs.values()].filter(hasEnded);
    rows.clear(places.length + reports.length);
    if (!this.#isStale) this.#addMarkers(places, atMs);
    for (const ref of reports) rows.addStale(ref, atMs);
    store.head.append(rows, rows.outcomes);
    this.#isStale = true;
    return store.commit();
  }

  /** @returns undefined for an empty body, which is a good scrape without a sample */
  #read({ body, contentType }: FetchedExposition, atMs: number): Scrape | ScrapeError | undefined {
    this.#forgetWhatIsGone(atMs);
    this.#newPlaces = [];
    this.#beyondLimit = 0;
    this.#flawed = 0;
    this.#tooLarge = undefined;
    this.#classic?.begin();
    if (body.length === 0) return undefined;
    const { fallbackProtocol } = this.#config;
    try {
      const fallback = fallbackProtocol === undefined ? undefined : formatOfProtocol(fallbackProtocol);
      const { format } = formatOfContentType(contentType, fallback);
      const scrape = this.#reader.read(body, format);
      if (this.#classic === undefined) return this.#limited(scrape);
      const converted = this.#classic.converted(scrape);
      this.#flawed = converted.flawed;
      return this.#limited(converted.scrape);
    } catch (error) {
      // The reader is as it was before, and knows nothing of them.
      for (const place of this.#newPlaces) this.#places.release(place);
      this.#classic?.forgetNew();
      return new ScrapeError(failureOf(error), describeError(error), { cause: error });
    } finally {
      this.#places.endLookUp();
    }
  }

  /** With histograms as coarse as they have to be. */
  #limited(scrape: Scrape): Scrape {
    const { histogramLimits: limits } = this.#config;
    const isUnlimited = limits.buckets === undefined && limits.maxSchema === NO_HISTOGRAM_LIMITS.maxSchema;
    if (scrape.histograms.length === 0 || isUnlimited) return scrape;
    const histograms = scrape.histograms.map((sample) => {
      const histogram = withinLimits(sample.histogram, limits);
      if (histogram === undefined)
        this.#tooLarge ??= new ScrapeError('bucket_limit', 'histogram bucket limit exceeded');
      return histogram === undefined ? sample : { ...sample, histogram };
    });
    return { ...scrape, histograms };
  }

  /** Retention removes series; those that were refused may find room by now; and families of metrics come and go. */
  #forgetWhatIsGone(atMs: number): void {
    const { head } = this.#deps.store;
    const gone: number[] = [];
    if (this.#seriesRemoved !== head.counts.seriesRemoved) {
      this.#seriesRemoved = head.counts.seriesRemoved;
      for (const place of this.#places.taken()) if (!head.has(this.#places.refAt(place))) gone.push(place);
    }
    const mayAskAgain = this.#refusedSinceMs !== undefined && atMs - this.#refusedSinceMs >= ASK_REFUSED_AGAIN_MS;
    const { isOverfull } = this.#metadata;
    if (gone.length === 0 && !mayAskAgain && !isOverfull) return;
    for (const place of gone) this.#release(place);
    if (isOverfull) this.#metadata.beginAnew();
    this.#reader.clear();
    this.#classic?.clear();
    this.#isAnew = true;
    this.#refusedSinceMs = undefined;
  }

  #resolve(written: SeriesLabels, type: string): number {
    const part = type === 'histogram' ? this.#classic?.partOf(written) : undefined;
    return part ?? this.#placeOf(written);
  }

  /** What the target has said of it, up to the line that is being read. */
  #typeOf(family: string): string | undefined {
    const { metadata } = this.#deps.rows.scraped;
    const said = metadata.findLast((one) => one.kind === 'type' && one.family === family);
    return said?.text ?? this.metadata.get(family)?.type;
  }

  #placeOf(written: SeriesLabels): number {
    const labels = sampleLabels(written, this.#target, this.#config);
    if (labels === undefined) return DROPPED;
    // Series that would be refused with the whole scrape are not made.
    if (this.#newPlaces.length >= (this.#config.limits.samples ?? Number.POSITIVE_INFINITY)) {
      this.#beyondLimit++;
      return DROPPED;
    }
    const ref = this.#deps.store.head.getOrCreate(labels);
    if (typeof ref === 'string') return REFUSED;
    const { place, isNew } = this.#places.placeOf(ref);
    if (isNew) this.#newPlaces.push(place);
    return place;
  }

  #tally(scrape: Scrape | undefined): Pick<ScrapeReport, 'scraped' | 'postRelabeling' | 'seriesAdded'> {
    if (scrape === undefined) return NO_SAMPLES;
    const kept = scrape.count + scrape.histograms.length;
    return {
      scraped: kept + scrape.droppedCount,
      postRelabeling: kept + this.#beyondLimit,
      seriesAdded: this.#newPlaces.length,
    };
  }

  /** @param scrape undefined: it failed, or had nothing
   *  @returns what was not taken, by reason */
  #append(scrape: Scrape | undefined, atMs: number, report: ScrapeReport): Map<string, number> {
    const { rows, store } = this.#deps;
    const gone = scrape === undefined ? [...this.#places.taken()] : this.#goneIn(scrape);
    rows.clear((scrape?.count ?? 0) + (scrape?.histograms.length ?? 0) + gone.length + REPORT_CAPACITY);
    const refused = new Map<string, number>();
    const withoutSeries = scrape === undefined ? 0 : this.#addSamples(scrape, atMs);
    if (withoutSeries > 0) refused.set('no_series', withoutSeries);
    if (scrape !== undefined) add(refused, 'bad_histogram', this.#flawed);
    const samples = rows.count;
    if (!this.#isStale) this.#addMarkers(gone, atMs);
    this.#addReport(atMs, report);
    const { accepted } = store.head.append(rows, rows.outcomes);
    if (accepted < rows.count) this.#sum(samples, atMs, refused);
    if (scrape !== undefined) {
      this.#appendHistograms(scrape, atMs, refused);
      this.#exemplars.add(scrape, atMs);
    }
    return refused;
  }

  /** @returns samples of series that the database has not made */
  #addSamples({ count, refs, timestampsMs, values, histograms }: Scrape, atMs: number): number {
    const { rows } = this.#deps;
    const { honorTimestamps, trackTimestampsStaleness } = this.#config;
    const places = this.#places;
    let withoutSeries = 0;
    for (let row = 0; row < count; row++) {
      const place = refs[row]!;
      if (place === REFUSED) {
        withoutSeries++;
        continue;
      }
      const timestampMs = timestampsMs[row]!;
      const isTimed = honorTimestamps && !Number.isNaN(timestampMs);
      rows.add(places.refAt(place), isTimed ? timestampMs : atMs, values[row]!);
      places.setTimed(place, isTimed && !trackTimestampsStaleness);
    }
    for (const { ref: place, histogram } of histograms) {
      if (place === REFUSED) withoutSeries++;
      else if (histogram.isStale) rows.addStale(places.refAt(place), atMs);
    }
    return withoutSeries;
  }

  #addMarkers(places: Iterable<number>, atMs: number): void {
    for (const place of places) {
      if (place === REFUSED || this.#places.isTimed(place)) continue;
      this.#deps.rows.addStale(this.#places.refAt(place), atMs);
    }
  }

  #addReport(atMs: number, report: ScrapeReport): void {
    const { head } = this.#deps.store;
    const metrics = this.#config.extraScrapeMetrics ? [...REPORT_METRICS, ...EXTRA_REPORT_METRICS] : REPORT_METRICS;
    for (const { metadata, value } of metrics) {
      let ref = this.#reportRefs.get(metadata.metric);
      if (ref === undefined || !head.has(ref)) {
        const made = head.getOrCreate(reportLabels(metadata.metric, this.#target));
        if (typeof made === 'string') continue;
        ref = made;
        this.#reportRefs.set(metadata.metric, ref);
        head.setMetadata(metadata);
      }
      this.#deps.rows.add(ref, atMs, value(report));
    }
  }

  /** Of samples alone: that a marker or a report comes too late is expected where a target comes and goes. */
  #sum(samples: number, atMs: number, refused: Map<string, number>): void {
    const { outcomes, timestampsMs } = this.#deps.rows;
    for (let row = 0; row < samples; row++) {
      const outcome = outcomes[row]!;
      if (outcome === ACCEPTED) continue;
      // The same once more at a time of its own is no error; within one scrape it is.
      if (outcome !== KNOWN) add(refused, refusalOf(outcome), 1);
      else if (timestampsMs[row] === atMs) add(refused, 'duplicate', 1);
    }
  }

  #appendHistograms(scrape: Scrape, atMs: number, refused: Map<string, number>): void {
    const { honorTimestamps, trackTimestampsStaleness } = this.#config;
    const samples = scrape.histograms
      .filter(({ ref: place, histogram }) => place !== REFUSED && !histogram.isStale)
      .map(({ ref: place, timestampMs, histogram }) => {
        const isTimed = honorTimestamps && !Number.isNaN(timestampMs);
        this.#places.setTimed(place, isTimed && !trackTimestampsStaleness);
        return {
          ref: this.#places.refAt(place),
          timestampMs: isTimed ? timestampMs : atMs,
          histogram: toHistogram(histogram),
          startTimestampMs: 0,
        };
      });
    if (samples.length === 0) return;
    const result = this.#deps.store.head.appendHistograms(samples);
    for (const [reason, count] of Object.entries(result.refused)) add(refused, reason, count);
  }

  /** Also of a scrape beyond a limit: the reader does not tell it again. */
  #keepMetadata(scrape: Scrape | undefined): void {
    if (scrape === undefined) return;
    const { head } = this.#deps.store;
    for (const metadata of this.#metadata.keep(scrape.metadata)) head.setMetadata(metadata);
  }

  #goneIn(scrape: Scrape): readonly number[] {
    if (!this.#isAnew) return scrape.gone;
    const there = new Set(scrape.refs.subarray(0, scrape.count));
    for (const { ref } of scrape.histograms) there.add(ref);
    return [...this.#places.taken()].filter((place) => !there.has(place));
  }

  #release(place: number): void {
    this.#places.release(place);
    this.#exemplars.forget(place);
  }

  #settle(failure: ScrapeError | undefined, scrape: Scrape | undefined, atMs: number): void {
    this.#isStale = failure !== undefined || scrape === undefined;
    if (scrape === undefined) return;
    for (const place of this.#goneIn(scrape)) this.#release(place);
    this.#isAnew = false;
    const isRefused = ({ ref }: Scrape['histograms'][number]): boolean => ref === REFUSED;
    if (scrape.refs.subarray(0, scrape.count).includes(REFUSED) || scrape.histograms.some(isRefused))
      this.#refusedSinceMs ??= atMs;
    // Lines that count as dropped now may not next time.
    if (this.#beyondLimit === 0) return;
    this.#reader.clear();
    this.#classic?.clear();
    this.#places.clear();
    this.#exemplars.clear();
  }
}

const REPORT_CAPACITY = REPORT_METRICS.length + EXTRA_REPORT_METRICS.length;

function bodyBytesOf(fetched: FetchedExposition | ScrapeError): number {
  if (!(fetched instanceof ScrapeError)) return fetched.body.length;
  return fetched.failure === 'body_size_limit' ? -1 : 0;
}

function add(counts: Map<string, number>, key: string, by: number): void {
  if (by > 0) counts.set(key, (counts.get(key) ?? 0) + by);
}
