/** Answers to queries. */
import type { Histogram } from '../histogram/histogram.ts';
import type { LabelSet } from '../labels/label-set.ts';
import type { VectorBlock } from './block.ts';
import type { Steps } from './evaluation.ts';

/** A sample of an instant vector; the time is that of the query. */
export interface InstantSample {
  readonly labels: LabelSet;
  readonly value: number;
  /** In place of the value. */
  readonly histogram: Histogram | undefined;
}

/** Samples of a series in a range vector, in order of time; at one time there may be a float and, behind it, a histogram. */
export interface RangeSeries {
  readonly labels: LabelSet;
  /** Unix time in ms. */
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
  /** By sample; undefined where all are floats. */
  readonly histograms: readonly (Histogram | undefined)[] | undefined;
}

export type InstantResult =
  | { readonly type: 'vector'; readonly timestampMs: number; readonly samples: readonly InstantSample[] }
  | { readonly type: 'scalar'; readonly timestampMs: number; readonly value: number }
  | { readonly type: 'string'; readonly timestampMs: number; readonly value: string }
  | { readonly type: 'matrix'; readonly series: readonly RangeSeries[] };

/** In the order of the block. */
export function instantSamples(block: VectorBlock): readonly InstantSample[] {
  return block.labels.map((labels, row) => ({
    labels,
    value: block.values[row]!,
    histogram: block.besides?.get(row) ?? block.histogramAt(row),
  }));
}

/** Sorted by labels. */
export function rangeSeries(block: VectorBlock, steps: Steps): readonly RangeSeries[] {
  const series: RangeSeries[] = [];
  for (let row = 0; row < block.rows; row++) {
    const start = row * block.steps;
    let count = 0;
    for (let step = 0; step < block.steps; step++) if (block.kinds[start + step] !== 0) count++;
    if (count === 0) continue;
    for (let step = 0; block.besides !== undefined && step < block.steps; step++) {
      if (block.besides.has(start + step)) count++;
    }
    const timestampsMs = new Float64Array(count);
    const values = new Float64Array(count);
    let histograms: (Histogram | undefined)[] | undefined;
    let at = 0;
    for (let step = 0; step < block.steps; step++) {
      if (block.kinds[start + step] === 0) continue;
      const timestampMs = steps.startMs + step * steps.stepMs;
      timestampsMs[at] = timestampMs;
      values[at] = block.values[start + step]!;
      const beside = block.besides?.get(start + step);
      if (beside !== undefined) timestampsMs[++at] = timestampMs;
      const histogram = beside ?? block.histogramAt(start + step);
      if (histogram !== undefined) {
        histograms ??= new Array<undefined>(count).fill(undefined);
        histograms[at] = histogram;
      }
      at++;
    }
    series.push({ labels: block.labels[row]!, timestampsMs, values, histograms });
  }
  return sortSeries(series);
}

export function sortSeries(series: RangeSeries[]): readonly RangeSeries[] {
  return series.sort((a, b) => a.labels.compare(b.labels));
}
