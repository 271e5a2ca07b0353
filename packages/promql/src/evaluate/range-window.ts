/** What a range function sees of one series at one step, and where it puts its result. One object for the whole query. */
import type { Histogram } from '../histogram/histogram.ts';
import type { LabelSet } from '../labels/label-set.ts';
import { METRIC_NAME } from '../labels/label-set.ts';
import type { PositionRange } from '../syntax/position.ts';
import { type Annotations, TEXT } from './annotations.ts';
import { RangeSamples } from './range-samples.ts';

export class RangeWindow {
  readonly samples = new RangeSamples();
  /** Floats from `from` up to `to`, the end excluded. */
  from = 0;
  to = 0;
  histogramFrom = 0;
  histogramTo = 0;
  /** The samples are in (startMs, endMs]; with `anchored` and `smoothed` also around it. */
  startMs = 0;
  endMs = 0;
  lengthMs = 0;
  /** The step: differs from endMs by the selector's offset. */
  evaluationMs = 0;
  modifier: 'anchored' | 'smoothed' | undefined;
  /** Of scalar arguments at this step, in order. */
  readonly params: number[] = [];
  readonly annotations: Annotations;
  /** Of the range vector in the query. */
  readonly range: PositionRange;
  useStartTimestamps = false;
  /** The range has a time of its own: its samples are those of the first step. */
  isPinned = false;
  /** Of the series. */
  labels: LabelSet | undefined;

  /** The result; nothing where neither is set. */
  hasFloat = false;
  float = 0;
  histogram: Histogram | undefined;

  constructor(annotations: Annotations, range: PositionRange) {
    this.annotations = annotations;
    this.range = range;
  }

  get floats(): number {
    return this.to - this.from;
  }

  get histograms(): number {
    return this.histogramTo - this.histogramFrom;
  }

  get metricName(): string {
    return this.labels?.get(METRIC_NAME) ?? '';
  }

  clearResult(): void {
    this.hasFloat = false;
    this.histogram = undefined;
  }

  giveFloat(value: number): void {
    this.hasFloat = true;
    this.float = value;
  }

  giveHistogram(histogram: Histogram): void {
    this.histogram = histogram;
  }

  warn(text: string): void {
    this.annotations.warn(text, this.range);
  }

  info(text: string): void {
    this.annotations.info(text, this.range);
  }

  /** For functions of floats, where there are histograms too. */
  noteIgnoredHistograms(): void {
    if (this.histograms > 0) this.info(TEXT.ignoredInMixedRange(this.metricName));
  }
}

/** Puts its result, if there is one, into the window. Called only where there is a sample. */
export type RangeFunction = (window: RangeWindow) => void;
