/** A storage seen through queries: where another server has the samples, its answers stand in for a Querier. It has no types of
 *  metrics, and no markers: what has ended is left out. */
import { quoteGo } from '@vigie/core/go-quote';
import type { QueryEngine } from '@vigie/promql/evaluate/query-engine';
import type { InstantResult, RangeSeries } from '@vigie/promql/evaluate/result';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { Matcher } from '@vigie/promql/labels/matcher';
import type {
  LabelQuery,
  Labels,
  Querier,
  SelectedSeries,
  Selection,
  StoredSeries,
  TimeRange,
} from '@vigie/promql/storage/querier';
import type { SampleColumns } from '@vigie/promql/storage/sample-columns';
import { isLabelName } from '@vigie/promql/text/labels';

/** Every method throws what the engine throws. */
export class EngineQuerier implements Querier {
  readonly #engine: QueryEngine;
  readonly #timeoutMs: number;

  constructor(engine: QueryEngine, timeoutMs: number) {
    this.#engine = engine;
    this.#timeoutMs = timeoutMs;
  }

  async select({ matchers, range }: Selection, signal: AbortSignal): Promise<SelectedSeries> {
    const selector = selectorText(matchers);
    const [samples, alive] = await Promise.all([
      this.#ask(`${selector}[${windowText(range)}]`, range, signal),
      this.#ask(selector, range, signal),
    ]);
    if (samples.type !== 'matrix' || alive.type !== 'vector') return { series: [], warnings: [] };
    // A range has the samples of a series that has ended; a vector has not.
    const keys = new Set(alive.samples.map(({ labels }) => labels.key));
    const series = samples.series.filter(({ labels }) => keys.has(labels.key)).map((one) => new AnsweredSeries(one));
    return { series, warnings: [] };
  }

  async labelNames(query: LabelQuery, signal: AbortSignal): Promise<Labels> {
    const found = await this.#labelSets(query, undefined, signal);
    return limited(new Set(found.flatMap(({ names }) => names)), query.limit);
  }

  async labelValues(name: string, query: LabelQuery, signal: AbortSignal): Promise<Labels> {
    const found = await this.#labelSets(query, name, signal);
    return limited(new Set(found.map((labels) => labels.get(name)).filter((value) => value !== '')), query.limit);
  }

  async series(query: LabelQuery, signal: AbortSignal): Promise<SelectedSeries> {
    const found = await this.#labelSets(query, undefined, signal);
    const series = found.slice(0, query.limit).map((labels) => new AnsweredSeries({ ...EMPTY, labels }));
    return { series, warnings: [] };
  }

  async metadata(): Promise<readonly never[]> {
    return [];
  }

  async exemplars(): Promise<readonly never[]> {
    return [];
  }

  /** @param by one of each value of this label is enough */
  async #labelSets(
    { matcherSets, range }: LabelQuery,
    by: string | undefined,
    signal: AbortSignal,
  ): Promise<readonly LabelSet[]> {
    const found: LabelSet[] = [];
    for (const matchers of matcherSets) {
      const selector = selectorText(matchers);
      const query = by === undefined ? selector : `group by (${labelText(by)}) (${selector})`;
      const result = await this.#ask(query, range, signal);
      if (result.type === 'vector') for (const { labels } of result.samples) found.push(labels);
    }
    return found;
  }

  async #ask(query: string, { fromMs, toMs }: TimeRange, signal: AbortSignal): Promise<InstantResult> {
    const asked = { query, timestampMs: toMs, lookbackMs: Math.max(1, toMs - fromMs), timeoutMs: this.#timeoutMs };
    return (await this.#engine.instant(asked, signal)).result;
  }
}

const EMPTY = { timestampsMs: new Float64Array(0), values: new Float64Array(0), histograms: undefined };

class AnsweredSeries implements StoredSeries {
  readonly labels: LabelSet;
  readonly #series: RangeSeries;

  constructor(series: RangeSeries) {
    this.labels = series.labels;
    this.#series = series;
  }

  read({ fromMs, toMs }: TimeRange, into: SampleColumns): void {
    for (const [at, timestampMs] of this.#series.timestampsMs.entries()) {
      if (timestampMs >= fromMs && timestampMs <= toMs) this.#add(at, into);
    }
  }

  readNewest({ fromMs, toMs }: TimeRange, into: SampleColumns): void {
    const { timestampsMs } = this.#series;
    const at = timestampsMs.findLastIndex((timestampMs) => timestampMs <= toMs);
    if (at >= 0 && timestampsMs[at]! >= fromMs) this.#add(at, into);
  }

  #add(at: number, into: SampleColumns): void {
    const { timestampsMs, values, histograms } = this.#series;
    const histogram = histograms?.[at];
    if (histogram === undefined) into.addFloat(timestampsMs[at]!, values[at]!);
    else into.addHistogram(timestampsMs[at]!, histogram);
  }
}

/** Both ends belong to a TimeRange, and only the later one to a range in PromQL. */
function windowText({ fromMs, toMs }: TimeRange): string {
  return `${Math.max(1, toMs - fromMs + 1)}ms`;
}

function selectorText(matchers: readonly Matcher[]): string {
  return `{${matchers.map(({ name, operator, value }) => `${labelText(name)}${operator}${quoteGo(value)}`).join(',')}}`;
}

function labelText(name: string): string {
  return isLabelName(name) ? name : quoteGo(name);
}

function limited(values: ReadonlySet<string>, limit: number | undefined): Labels {
  return { values: [...values].sort().slice(0, limit), warnings: [] };
}
