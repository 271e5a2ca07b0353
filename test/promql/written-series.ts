/** Series as they are sent by remote write. A request holds one run of floats or of histograms of a series: mixed in one
 *  message, a receiver takes all floats before the histograms. */

import type { NativeHistogram } from '@vigie/wire/native-histogram';
import { encodeWriteRequest, type WrittenSeries } from '@vigie/wire/remote-write/encode-write-request';
import { compress } from '@vigie/wire/snappy';

export interface RandomSample {
  /** Unix ms. */
  readonly timestampMs: number;
  /** `stale` ends the series. */
  readonly value: number | NativeHistogram | 'stale';
  /** It comes once those behind it are there. */
  readonly isLate?: boolean;
}

export interface RandomSeries {
  readonly labels: Readonly<Record<string, string>>;
  /** In order of time. */
  readonly samples: readonly RandomSample[];
}

/** Bodies for `/api/v1/write`, protocol 1.0, to be sent one after the other. */
export function writeRequests(series: readonly RandomSeries[]): readonly Buffer[] {
  const requests: WrittenSeries[][] = [];
  for (const { labels, samples } of series) {
    const flat = Object.entries(labels)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flat();
    const late = samples.filter(({ isLate }) => isLate);
    const runs = [
      ...runsOf(samples.filter(({ isLate }) => !isLate)),
      // Late among each other, too.
      ...runsOf(late.filter((_, at) => at % 2 === 1)),
      ...runsOf(late.filter((_, at) => at % 2 === 0)),
    ];
    for (const [index, run] of runs.entries()) {
      requests[index] ??= [];
      requests[index].push({ labels: flat, ...run });
    }
  }
  return requests.map((request) => compress(encodeWriteRequest('1.0', request)));
}

type TimedHistogram = NonNullable<WrittenSeries['histograms']>[number];
type Run = Omit<WrittenSeries, 'labels'>;

/** Samples of one kind; a marker is of the kind of what it ends. */
function runsOf(samples: readonly RandomSample[]): readonly Run[] {
  const runs: Run[] = [];
  let floats: { readonly timestampMs: number; readonly value: number | 'stale' }[] = [];
  let histograms: TimedHistogram[] = [];
  const end = (): void => {
    if (floats.length > 0) runs.push(floatRun(floats));
    if (histograms.length > 0) runs.push({ values: new Float64Array(), timestampsMs: new Float64Array(), histograms });
    floats = [];
    histograms = [];
  };
  for (const { timestampMs, value } of samples) {
    const isHistogram = typeof value === 'object' || (value === 'stale' && histograms.length > 0);
    if (isHistogram ? floats.length > 0 : histograms.length > 0) end();
    if (typeof value === 'object') histograms.push({ histogram: value, timestampMs, startTimestampMs: 0 });
    else if (isHistogram) histograms.push({ histogram: STALE, timestampMs, startTimestampMs: 0 });
    else floats.push({ timestampMs, value });
  }
  end();
  return runs;
}

/** The NaN that says that a series has ended. Source: Prometheus, model/value. */
const STALE_BITS = 0x7ff0_0000_0000_0002n;

function floatRun(samples: readonly { readonly timestampMs: number; readonly value: number | 'stale' }[]): Run {
  const values = new Float64Array(samples.length);
  const bits = new BigUint64Array(values.buffer);
  for (const [index, { value }] of samples.entries()) {
    if (value === 'stale') bits[index] = STALE_BITS;
    else values[index] = value;
  }
  return { values, timestampsMs: Float64Array.from(samples, ({ timestampMs }) => timestampMs) };
}

const STALE: NativeHistogram = {
  isFloat: false,
  schema: 0,
  zeroThreshold: 0,
  zeroCount: 0,
  count: 0,
  sum: 0,
  positiveSpans: [],
  positiveCounts: [],
  negativeSpans: [],
  negativeCounts: [],
  customValues: [],
  resetHint: 'unknown',
  isStale: true,
};
