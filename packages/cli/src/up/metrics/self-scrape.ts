/** Records what this process tells about itself at /metrics, with the samples that a scrape of it would make: `up` and
 *  `scrape_…` among them, and staleness markers for series that have gone. */
import type { Clock, Timer } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import { LabelSet, METRIC_NAME } from '@vigie/promql/labels/label-set';
import type { MetricMetadata } from '@vigie/promql/storage/querier';
import { SampleColumns } from '@vigie/promql/storage/sample-columns';
import type { Tsdb } from '@vigie/tsdb/tsdb';
import { ScrapeReader } from '@vigie/wire/exposition/scrape-reader';

export interface SelfScrapeOptions {
  /** `HOST:PORT` where others would scrape it. */
  readonly instance: string;
  /** What /metrics answers, in Prometheus' text format. */
  readonly expose: () => Promise<{ readonly body: string }>;
}

export interface SelfScrapeDeps {
  readonly tsdb: Pick<Tsdb, 'append' | 'getOrCreate' | 'setMetadata'>;
  readonly clock: Clock;
  readonly log: Log;
}

type Scrape = ReturnType<ScrapeReader['read']>;
type SeriesRef = Exclude<ReturnType<Tsdb['getOrCreate']>, string>;

const JOB = 'vigie';
/** As collectors scrape by default. */
const INTERVAL_MS = 15_000;
/** The second one comes early: a rate needs two samples, and whoever has just started Vigie asks for one. */
const SECOND_AFTER_MS = 2_000;
/** The database does not take the series: it counts why. */
const DROPPED = -1;

export class SelfScrape {
  readonly #options: SelfScrapeOptions;
  readonly #deps: SelfScrapeDeps;
  readonly #reader = new ScrapeReader({ resolve: (labels) => this.#indexOf(labels) });
  readonly #columns = new SampleColumns();
  /** The database's references have 32 bits, the reader's 31: it gets places in this list. */
  #series: SeriesRef[] = [];
  #free: number[] = [];
  #places = new Map<SeriesRef, number>();
  #metadata = new Map<string, MetricMetadata>();
  #added = 0;
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: SelfScrapeOptions, deps: SelfScrapeDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Resolves when the first scrape is recorded; the others follow by themselves. */
  async start(): Promise<void> {
    this.#running = this.#scrape();
    await this.#running;
    this.#next(SECOND_AFTER_MS);
  }

  /** Ends the scrape that runs. No markers: the process that comes next goes on with the series. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#running;
  }

  #next(delayMs: number): void {
    if (this.#isClosed) return;
    const { clock } = this.#deps;
    this.#timer = clock.setTimer(delayMs, () => {
      const startedMs = clock.monotonicMs();
      this.#running = this.#scrape().then(() => this.#next(INTERVAL_MS - (clock.monotonicMs() - startedMs)));
    });
  }

  async #scrape(): Promise<void> {
    const { clock, log } = this.#deps;
    const atMs = clock.nowMs();
    const startedMs = clock.monotonicMs();
    this.#added = 0;
    let scrape: Scrape | undefined;
    try {
      const { body } = await this.#options.expose();
      scrape = this.#reader.read(Buffer.from(body), 'text');
    } catch (error) {
      log.error('the metrics of this process cannot be recorded', { error });
    }
    await this.#append(scrape, atMs, (clock.monotonicMs() - startedMs) / 1000);
  }

  /** @param scrape undefined: it failed */
  async #append(scrape: Scrape | undefined, atMs: number, durationSeconds: number): Promise<void> {
    const samples = scrape === undefined ? 0 : scrape.count + scrape.droppedCount;
    const own: readonly (readonly [string, number])[] = [
      ['up', scrape === undefined ? 0 : 1],
      ['scrape_duration_seconds', durationSeconds],
      ['scrape_samples_scraped', samples],
      ['scrape_samples_post_metric_relabeling', samples],
      ['scrape_series_added', scrape === undefined ? 0 : this.#added],
    ];
    const gone = scrape?.gone ?? [...new Set(this.#reader.refs)];
    const rows = this.#begin((scrape?.count ?? 0) + gone.length + own.length);
    if (scrape !== undefined) {
      for (let row = 0; row < scrape.count; row++) {
        const timestampMs = scrape.timestampsMs[row] ?? Number.NaN;
        rows.add(
          this.#refAt(scrape.refs[row] ?? 0),
          Number.isNaN(timestampMs) ? atMs : timestampMs,
          scrape.values[row],
        );
      }
      this.#keepMetadata(scrape);
    }
    for (const place of gone) rows.add(this.#refAt(place), atMs, undefined);
    for (const [name, value] of own) {
      const ref = this.#deps.tsdb.getOrCreate(this.#labelSet([METRIC_NAME, name]));
      if (typeof ref !== 'string') rows.add(ref, atMs, value);
    }
    const { refused } = await this.#deps.tsdb.append(rows.columns());
    if (scrape === undefined || (refused.unknown_series ?? 0) > 0) this.#forget();
    else this.#release(gone);
  }

  #begin(capacity: number) {
    const columns = this.#columns;
    const refs = new Uint32Array(capacity);
    columns.clear();
    columns.reserve(capacity);
    let count = 0;
    return {
      /** @param value undefined: a staleness marker */
      add(ref: SeriesRef, timestampMs: number, value: number | undefined): void {
        refs[count] = ref;
        columns.timestampsMs[count] = timestampMs;
        if (value === undefined) columns.markStale(count);
        else columns.values[count] = value;
        count++;
      },
      columns: () => ({ count, refs, timestampsMs: columns.timestampsMs, values: columns.values }),
    };
  }

  #refAt(place: number): SeriesRef {
    return this.#series[place] ?? 0;
  }

  #indexOf(labels: readonly string[]): number {
    const ref = this.#deps.tsdb.getOrCreate(this.#labelSet(labels));
    if (typeof ref === 'string') return DROPPED;
    const known = this.#places.get(ref);
    if (known !== undefined) return known;
    this.#added++;
    const place = this.#free.pop() ?? this.#series.length;
    this.#series[place] = ref;
    this.#places.set(ref, place);
    return place;
  }

  /** Labels that the target has for itself step back, as in Prometheus without honor_labels. */
  #labelSet(labels: readonly string[]): LabelSet {
    const target: Readonly<Record<string, string>> = { job: JOB, instance: this.#options.instance };
    const pairs: [string, string][] = [];
    for (let at = 0; at < labels.length; at += 2) {
      const [name = '', value = ''] = labels.slice(at, at + 2);
      pairs.push([Object.hasOwn(target, name) ? `exported_${name}` : name, value]);
    }
    return LabelSet.of([...pairs, ...Object.entries(target)]);
  }

  #keepMetadata({ metadata }: Scrape): void {
    for (const { family, kind, text } of metadata) {
      const before = this.#metadata.get(family) ?? { metric: family, type: 'unknown', help: '', unit: '' };
      const after = { ...before, [kind]: text };
      this.#metadata.set(family, after);
      this.#deps.tsdb.setMetadata(after);
    }
  }

  /** Their places are free for others. */
  #release(places: readonly number[]): void {
    for (const place of places) {
      this.#places.delete(this.#refAt(place));
      this.#free.push(place);
    }
  }

  /** The next scrape asks for every series anew. */
  #forget(): void {
    this.#reader.clear();
    this.#series = [];
    this.#free = [];
    this.#places = new Map();
  }
}
