/** The samples of one series that range functions look at: floats and histograms apart, staleness markers left out. One is
 *  filled again for each series. */
import type { Histogram } from '../histogram/histogram.ts';
import type { SampleColumns } from '../storage/sample-columns.ts';
import { ABSENT, FLOAT, type VectorBlock } from './block.ts';
import type { Steps } from './evaluation.ts';

const NO_TIMES = new Float64Array();

export class RangeSamples {
  floatCount = 0;
  /** Of floats, in ms, ascending. Longer than floatCount. */
  times: Float64Array = NO_TIMES;
  values: Float64Array = NO_TIMES;
  /** When the counters behind the floats began, 0 where unknown; undefined where all are. */
  starts: Float64Array | undefined;
  histogramCount = 0;
  histogramTimes: number[] = [];
  histograms: Histogram[] = [];
  histogramStarts: number[] | undefined;
  /** Times that have a float and a histogram; undefined where none has. */
  pairedTimes: Set<number> | undefined;
  #falls: boolean | undefined;

  /** Whether any float is lower than the one before it: where none is, no window has a reset, and none has to look.
   *  Cost: once for a series. */
  get falls(): boolean {
    this.#falls ??= hasFall(this.values, this.floatCount);
    return this.#falls;
  }

  /** Takes the columns over: they are to be read anew before they are used again. */
  take(columns: SampleColumns): void {
    const { timestampsMs, values, histograms, startTimestampsMs, length } = columns;
    this.times = timestampsMs;
    this.values = values;
    this.#falls = undefined;
    this.starts = startTimestampsMs;
    this.#clearHistograms(startTimestampsMs !== undefined);
    // A staleness marker is not at least anything.
    if (histograms === undefined && !hasFall(values, length)) {
      this.#falls = false;
      this.floatCount = length;
      this.histogramCount = 0;
      return;
    }
    let count = 0;
    for (let at = 0; at < length; at++) {
      const histogram = histograms?.[at];
      if (histogram !== undefined) {
        this.histogramTimes.push(timestampsMs[at]!);
        this.histograms.push(histogram);
        this.histogramStarts?.push(startTimestampsMs?.[at] ?? 0);
        continue;
      }
      if (columns.isStale(at)) continue;
      if (count !== at) {
        timestampsMs[count] = timestampsMs[at]!;
        values[count] = values[at]!;
        if (startTimestampsMs !== undefined) startTimestampsMs[count] = startTimestampsMs[at]!;
      }
      count++;
    }
    this.floatCount = count;
    this.histogramCount = this.histograms.length;
  }

  /** A row of a subquery. A reset that its steps have jumped over would be missed, or counted again: so what a histogram
   *  says of resets is forgotten. */
  takeRow(block: VectorBlock, row: number, steps: Steps): void {
    if (this.times.length < steps.count) {
      this.times = new Float64Array(steps.count);
      this.values = new Float64Array(steps.count);
    }
    this.starts = undefined;
    this.#falls = undefined;
    this.#clearHistograms(false);
    let count = 0;
    for (let step = 0, cell = row * steps.count; step < steps.count; step++, cell++) {
      const kind = block.kinds[cell];
      if (kind === ABSENT) continue;
      const timeMs = steps.startMs + step * steps.stepMs;
      if (kind === FLOAT) {
        this.times[count] = timeMs;
        this.values[count++] = block.values[cell]!;
      }
      const histogram = kind === FLOAT ? block.besides?.get(cell) : block.histogramAt(cell);
      if (histogram === undefined) continue;
      if (kind === FLOAT) {
        this.pairedTimes ??= new Set();
        this.pairedTimes.add(timeMs);
      }
      const isHinted = histogram.counterResetHint === 'reset' || histogram.counterResetHint === 'not_reset';
      this.histogramTimes.push(timeMs);
      this.histograms.push(isHinted ? { ...histogram, counterResetHint: 'unknown' } : histogram);
    }
    this.floatCount = count;
    this.histogramCount = this.histograms.length;
  }

  #clearHistograms(hasStarts: boolean): void {
    if (this.histograms.length > 0) {
      this.histogramTimes = [];
      this.histograms = [];
    }
    this.histogramStarts = hasStarts ? [] : undefined;
    this.pairedTimes = undefined;
  }
}

/** NaN counts as one. */
function hasFall(values: Float64Array, count: number): boolean {
  let before = -Infinity;
  for (let at = 0; at < count; at++) {
    const value = values[at]!;
    if (!(value >= before)) return true;
    before = value;
  }
  return false;
}
