/** From deltas to cumulative values: what each stream has come to, in bounded memory.
 *  Source: OpenTelemetry collector contrib v0.160, deltatocumulativeprocessor, which Prometheus runs too. */
import type { Clock } from '@vigie/core/clock';
import type { ExponentialPoint, HistogramPoint, NumberPoint, Point } from '@vigie/wire/otlp/metrics';
import { addExponential } from './exponential-sum.ts';

export interface DeltaOptions {
  /** Of all kinds, a histogram counting one more for each BUCKETS_OF_ONE; deltas of others are refused until some are silent. */
  readonly maxStreams: number;
  /** A stream that is silent for so long is forgotten: it begins anew. */
  readonly maxStaleMs: number;
}

/** - delta_limit: there are as many streams as may be
 *  - delta_older_start: it began before its stream did, so that another process sends the same one
 *  - delta_out_of_order: not after the point before it; it may have come twice */
export type DeltaRefusal = 'delta_limit' | 'delta_older_start' | 'delta_out_of_order';

interface Stream<P extends Point> {
  /** The sum, without attributes and exemplars. */
  sum: P;
  activeMs: number;
  /** As how many streams it counts. */
  weight: number;
}

/** Take about as much memory as the rest of a stream. */
const BUCKETS_OF_ONE = 32;
/** Between two searches for streams that are silent, as upstream. */
const SWEEP_INTERVAL_MS = 60_000;

export class DeltaStreams {
  readonly #options: DeltaOptions;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #numbers = new Map<string, Stream<NumberPoint>>();
  readonly #histograms = new Map<string, Stream<HistogramPoint>>();
  readonly #exponentials = new Map<string, Stream<ExponentialPoint>>();
  #weight = 0;
  #sweptMs: number;

  constructor(options: DeltaOptions, clock: Pick<Clock, 'monotonicMs'>) {
    this.#options = options;
    this.#clock = clock;
    this.#sweptMs = clock.monotonicMs();
  }

  /** Streams that are remembered. */
  get size(): number {
    return this.#numbers.size + this.#histograms.size + this.#exponentials.size;
  }

  /** @param key of the stream: equal for its points, and for no others of the kind
   *  @returns the point with what its stream has come to */
  number(key: string, point: NumberPoint): NumberPoint | DeltaRefusal {
    return this.#advance(this.#numbers, key, point, addNumber);
  }

  histogram(key: string, point: HistogramPoint): HistogramPoint | DeltaRefusal {
    return this.#advance(this.#histograms, key, point, addHistogram);
  }

  exponential(key: string, point: ExponentialPoint): ExponentialPoint | DeltaRefusal {
    return this.#advance(this.#exponentials, key, point, (sum, delta) => ({
      ...delta,
      ...addExponential(sum, delta),
      count: sum.count + delta.count,
      sum: addSums(sum.sum, delta.sum),
    }));
  }

  #advance<P extends NumberPoint | HistogramPoint | ExponentialPoint>(
    streams: Map<string, Stream<P>>,
    key: string,
    point: P,
    add: (sum: P, delta: P) => P,
  ): P | DeltaRefusal {
    const activeMs = this.#clock.monotonicMs();
    this.#sweep(activeMs);
    const stream = streams.get(key);
    if (stream === undefined) {
      const weight = weightOf(point);
      if (this.#weight + weight > this.#options.maxStreams) return 'delta_limit';
      this.#weight += weight;
      streams.set(key, { sum: { ...point, attributes: [], exemplars: [] }, activeMs, weight });
      return point;
    }
    stream.activeMs = activeMs;
    const { startTimeUnixNano, timeUnixNano } = stream.sum;
    if (point.startTimeUnixNano < startTimeUnixNano) return 'delta_older_start';
    if (point.timeUnixNano <= timeUnixNano) return 'delta_out_of_order';
    const sum = add(stream.sum, point);
    // Where it began stays, unless the sum began anew.
    const total: P = { ...sum, startTimeUnixNano: sum === point ? point.startTimeUnixNano : startTimeUnixNano };
    stream.sum = { ...total, attributes: [], exemplars: [] };
    const weight = weightOf(total);
    this.#weight += weight - stream.weight;
    stream.weight = weight;
    return total;
  }

  #sweep(nowMs: number): void {
    if (nowMs - this.#sweptMs < SWEEP_INTERVAL_MS) return;
    this.#sweptMs = nowMs;
    for (const streams of [this.#numbers, this.#histograms, this.#exponentials]) {
      for (const [key, { activeMs, weight }] of streams) {
        if (nowMs - activeMs <= this.#options.maxStaleMs) continue;
        streams.delete(key);
        this.#weight -= weight;
      }
    }
  }
}

function weightOf(point: NumberPoint | HistogramPoint | ExponentialPoint): number {
  if ('bucketCounts' in point) return 1 + Math.floor(point.bucketCounts.length / BUCKETS_OF_ONE);
  if (!('positive' in point)) return 1;
  return 1 + Math.floor((point.positive.counts.length + point.negative.counts.length) / BUCKETS_OF_ONE);
}

function addNumber(sum: NumberPoint, delta: NumberPoint): NumberPoint {
  return { ...delta, value: sum.value + delta.value };
}

/** Other bounds cannot be added: the sum begins anew. */
function addHistogram(sum: HistogramPoint, delta: HistogramPoint): HistogramPoint {
  const { explicitBounds: bounds } = sum;
  const isSame =
    bounds.length === delta.explicitBounds.length && bounds.every((bound, at) => bound === delta.explicitBounds[at]);
  if (!isSame) return delta;
  return {
    ...delta,
    count: sum.count + delta.count,
    sum: addSums(sum.sum, delta.sum),
    bucketCounts: sum.bucketCounts.map((count, at) => count + (delta.bucketCounts[at] ?? 0)),
  };
}

function addSums(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}
