/** What a head tells a log: all that it has taken, after it has. Columns are the head's, and valid during the call. */
import type { Histogram } from '@vigie/promql/histogram/histogram';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { Exemplar, MetricMetadata } from '@vigie/promql/storage/querier';
import type { SeriesRef } from './series-table.ts';

export interface FloatColumns {
  readonly count: number;
  readonly refs: Uint32Array;
  /** Unix ms. */
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
  /** When the counter behind each began, Unix ms, 0 where unknown; undefined where all are. */
  readonly startTimestampsMs?: Float64Array | undefined;
}

export interface HistogramSample {
  readonly ref: SeriesRef;
  readonly timestampMs: number;
  readonly histogram: Histogram;
  /** 0 where unknown. */
  readonly startTimestampMs: number;
}

export interface Journal {
  series(ref: SeriesRef, labels: LabelSet): void;
  /** @param isLate they were behind the newest of their series */
  floats(columns: FloatColumns, isLate: boolean): void;
  histograms(samples: readonly HistogramSample[], isLate: boolean): void;
  exemplar(ref: SeriesRef, exemplar: Exemplar): void;
  metadata(metadata: MetricMetadata): void;
}
