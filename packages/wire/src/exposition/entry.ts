/** What the text formats are made of, entry by entry: the slow and exact reading that the line cache falls back to. */
import type { SeriesLabels } from './series-labels.ts';

export type MetricType =
  | 'counter'
  | 'gauge'
  | 'histogram'
  | 'gaugehistogram'
  | 'summary'
  | 'info'
  | 'stateset'
  | 'unknown';

/** `end`: nothing comes behind it. */
export type EntryKind = 'help' | 'type' | 'unit' | 'comment' | 'series' | 'end';

export interface Exemplar {
  readonly labels: SeriesLabels;
  readonly value: number;
  /** Unix ms; undefined where the target gives none. */
  readonly timestampMs: number | undefined;
}

/** A cursor over the entries of a body. What it came to stands in its fields until the next call. */
export interface EntryReader {
  /** Where the next entry begins. */
  at: number;
  /** Where the entry that `next` came to begins. */
  readonly start: number;
  /** Of the last TYPE line, or the one set: what `le` and `quantile` mean depends on it. */
  type: MetricType;
  /** Of a help, type or unit entry. */
  readonly family: string;
  readonly text: string;
  readonly value: number;
  /** Unix ms; NaN where the line gives none. */
  readonly timestampMs: number;
  readonly exemplar: Exemplar | undefined;
  /** Of a series: where its value begins; what stands before it names the series and never changes. */
  readonly valueStart: number;
  /** Whether the type of the family had a say in the labels. */
  readonly dependsOnType: boolean;
  /** @throws {ExpositionError} */
  next(): EntryKind;
  /** Reads the rest of a line whose series is known.
   *  @param start where the line begins, @param valueStart as `next` gave it for the same bytes
   *  @throws {ExpositionError} */
  rest(start: number, valueStart: number): void;
  /** Of the series that `next` came to, a new array.
   *  @throws {ExpositionError} a name that is not UTF-8, a label twice, more labels than allowed */
  labels(): SeriesLabels;
}
