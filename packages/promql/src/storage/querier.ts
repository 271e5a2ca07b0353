/** All that PromQL knows of storage. A promise per question, none per series or sample: what `select` has found is in
 *  memory (or mapped) when it resolves, and reading a series is synchronous. */
import type { LabelSet } from '../labels/label-set.ts';
import type { Matcher } from '../labels/matcher.ts';
import type { SampleColumns } from './sample-columns.ts';

/** Both ends belong to it. Unix time in ms. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What the samples are wanted for. An optimisation and nothing else: a storage may ignore it. */
export interface SelectHints {
  /** Distance of evaluation steps in ms; 0 for an instant. */
  readonly stepMs: number;
  /** The function or aggregation around the selector; '' for none. `series` where only labels are wanted. */
  readonly func: string;
  /** Length of a range selector in ms; 0 for an instant vector. */
  readonly rangeMs: number;
  readonly grouping: readonly string[];
  /** Whether `grouping` is what is kept (by) or what goes (without). */
  readonly by: boolean;
}

export interface Selection {
  /** All must hold; a series that lacks a label counts as having it empty. At least one does not match ''. */
  readonly matchers: readonly Matcher[];
  readonly range: TimeRange;
  readonly hints: SelectHints;
}

export interface StoredSeries {
  /** The same object each time the same series is selected, for as long as the storage keeps it in memory: group keys
   *  are cached by it. */
  readonly labels: LabelSet;
  /** Appends the samples of the range, staleness markers included, in order of time. What was selected before it was
   *  appended to is read as far as it is there.
   *  @param range within that of the selection
   *  Cost: decoding; no allocation per sample of floats. */
  read(range: TimeRange, into: SampleColumns): void;
  /** Appends the newest sample of the range alone, or nothing where there is none: all that an instant needs. */
  readNewest(range: TimeRange, into: SampleColumns): void;
}

export interface SelectedSeries {
  /** Those with a sample in the range, and perhaps some without; in any order, no labels twice. Never changed: where the same is
   *  selected again it may be the same array, so that what is derived of it is kept by its identity. */
  readonly series: readonly StoredSeries[];
  /** For the user: that the range reaches beyond retention, for instance. */
  readonly warnings: readonly string[];
}

export interface Labels {
  /** Ascending, no duplicates. */
  readonly values: readonly string[];
  readonly warnings: readonly string[];
}

/** `matcherSets`: a series counts that fulfils one of them; none at all stands for every series. */
export interface LabelQuery {
  readonly matcherSets: readonly (readonly Matcher[])[];
  readonly range: TimeRange;
  /** The most values to return; undefined for all. */
  readonly limit: number | undefined;
}

export interface MetricMetadata {
  readonly metric: string;
  /** counter, gauge, histogram, gaugehistogram, summary, info, stateset or unknown. */
  readonly type: string;
  readonly help: string;
  readonly unit: string;
}

export interface MetadataQuery {
  /** undefined for all. */
  readonly metric: string | undefined;
  readonly limit: number | undefined;
  readonly limitPerMetric: number | undefined;
}

export interface Exemplar {
  readonly labels: LabelSet;
  readonly value: number;
  readonly timestampMs: number;
}

export interface SeriesExemplars {
  readonly labels: LabelSet;
  /** In order of time. */
  readonly exemplars: readonly Exemplar[];
}

/** Every method rejects with the signal's reason once that aborts, and with a VigieError where the storage cannot answer. */
export interface Querier {
  select(selection: Selection, signal: AbortSignal): Promise<SelectedSeries>;
  labelNames(query: LabelQuery, signal: AbortSignal): Promise<Labels>;
  labelValues(name: string, query: LabelQuery, signal: AbortSignal): Promise<Labels>;
  /** Label sets with a sample in the range. */
  series(query: LabelQuery, signal: AbortSignal): Promise<SelectedSeries>;
  metadata(query: MetadataQuery, signal: AbortSignal): Promise<readonly MetricMetadata[]>;
  exemplars(query: LabelQuery, signal: AbortSignal): Promise<readonly SeriesExemplars[]>;
}
