/** Series that misbehave as real ones do: gaps, resets, ends, late starts, samples that come late, values that are no numbers,
 *  histograms that change their buckets. The same for the same seed. */
import type { Random } from '@vigie/core/random';
import { pick } from './pick.ts';
import { RandomHistogram, randomGaugeHistogram } from './random-histogram.ts';
import type { RandomSample, RandomSeries } from './written-series.ts';

/** What a metric's samples are, for queries that fit them. */
export type MetricKind = 'counter' | 'gauge' | 'bucket' | 'native';

export interface Metric {
  readonly name: string;
  readonly kind: MetricKind;
  readonly labels: Readonly<Record<string, readonly string[]>>;
}

const JOBS = ['api', 'web'];
const INSTANCES = ['a:80', 'b:80', 'c:80'];

export const METRICS: readonly Metric[] = [
  {
    name: 'http_requests_total',
    kind: 'counter',
    labels: { job: JOBS, instance: INSTANCES, code: ['200', '404', '500'] },
  },
  { name: 'jobs_done', kind: 'counter', labels: { job: JOBS } },
  { name: 'temperature', kind: 'gauge', labels: { job: JOBS, instance: INSTANCES } },
  { name: 'up', kind: 'gauge', labels: { job: JOBS, instance: INSTANCES } },
  { name: 'odd', kind: 'gauge', labels: { instance: INSTANCES } },
  { name: 'sparse', kind: 'gauge', labels: { job: JOBS } },
  { name: 'build_info', kind: 'gauge', labels: { job: JOBS, instance: INSTANCES, version: ['1.0', '1.1'] } },
  { name: 'http.status', kind: 'gauge', labels: { job: JOBS, 'the code': ['2xx', '5xx'] } },
  {
    name: 'latency_seconds_bucket',
    kind: 'bucket',
    labels: { job: JOBS, instance: INSTANCES, le: ['0.1', '0.5', '1', '5', '+Inf'] },
  },
  { name: 'latency_seconds_count', kind: 'counter', labels: { job: JOBS, instance: INSTANCES } },
  { name: 'rpc_seconds', kind: 'native', labels: { job: JOBS, instance: INSTANCES } },
  { name: 'rpc_bytes', kind: 'native', labels: { job: JOBS } },
  { name: 'custom_seconds', kind: 'native', labels: { job: JOBS, instance: INSTANCES } },
  { name: 'mixed', kind: 'native', labels: { job: JOBS } },
];

export interface SeriesPlan {
  /** Unix ms. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Some 90 series, each of which has something wrong with a probability. */
export function randomSeries(random: Random, plan: SeriesPlan): readonly RandomSeries[] {
  const series: RandomSeries[] = [];
  const add = (labels: Readonly<Record<string, string>>, samples: readonly RandomSample[]): void => {
    if (samples.length > 0) series.push({ labels, samples });
  };
  for (const job of JOBS) {
    add({ __name__: 'jobs_done', job }, samplesOf(random, plan, counter(random)));
    add({ __name__: 'sparse', job }, samplesOf(random, plan, gauge(random), 0.5));
    add(
      { __name__: 'rpc_bytes', job },
      samplesOf(random, plan, () => randomGaugeHistogram(random)),
    );
    add({ __name__: 'mixed', job }, samplesOf(random, plan, alternating(random)));
    for (const code of ['2xx', '5xx'])
      add({ __name__: 'http.status', job, 'the code': code }, samplesOf(random, plan, gauge(random)));
    for (const instance of INSTANCES) {
      const labels = { job, instance };
      for (const code of ['200', '404', '500'])
        add({ __name__: 'http_requests_total', ...labels, code }, samplesOf(random, plan, counter(random)));
      add({ __name__: 'temperature', ...labels }, samplesOf(random, plan, gauge(random)));
      add(
        { __name__: 'up', ...labels },
        samplesOf(random, plan, () => (random() < 0.8 ? 1 : 0)),
      );
      const version = pick(random, ['1.0', '1.1']);
      add(
        { __name__: 'build_info', ...labels, version },
        samplesOf(random, plan, () => 1),
      );
      const exponential = new RandomHistogram(random, 'exponential');
      add(
        { __name__: 'rpc_seconds', ...labels },
        samplesOf(random, plan, () => exponential.advance()),
      );
      const custom = new RandomHistogram(random, 'custom');
      add(
        { __name__: 'custom_seconds', ...labels },
        samplesOf(random, plan, () => custom.advance()),
      );
      for (const one of classic(random, plan, labels)) add(one.labels, one.samples);
    }
  }
  for (const instance of INSTANCES)
    add(
      { __name__: 'odd', instance },
      samplesOf(random, plan, () => odd(random)),
    );
  return series;
}

/** @param gaps how likely a sample is the last before a gap, times ten */
function samplesOf(
  random: Random,
  { fromMs, toMs }: SeriesPlan,
  next: () => RandomSample['value'],
  gaps = pick(random, [0, 0.1, 0.3]),
): readonly RandomSample[] {
  const intervalMs = pick(random, [15_000, 15_000, 30_000, 60_000]);
  const jitterMs = pick(random, [0, 0, 7, 2_000]);
  const lengthMs = toMs - fromMs;
  const firstMs = random() < 0.8 ? fromMs : fromMs + Math.floor(random() * lengthMs * 0.5);
  const lastMs = random() < 0.8 ? toMs : toMs - Math.floor(random() * lengthMs * 0.4);
  const late = pick(random, [0, 0, 0, 0.05, 0.3]);
  const samples: RandomSample[] = [];
  for (let timeMs = firstMs; timeMs <= lastMs; timeMs += intervalMs) {
    const timestampMs = timeMs + Math.floor(random() * jitterMs);
    samples.push({ timestampMs, value: next(), isLate: random() < late });
    if (random() >= gaps / 10) continue;
    const isMarked = random() < 0.5;
    if (isMarked) samples.push({ timestampMs: timestampMs + jitterMs + 1, value: 'stale' });
    timeMs += intervalMs * Math.floor(1 + random() * pick(random, [2, 8, 30]));
  }
  if (random() < 0.3 && samples.length > 0) {
    samples.push({ timestampMs: samples.at(-1)!.timestampMs + intervalMs, value: 'stale' });
  }
  return samples;
}

function counter(random: Random): () => number {
  const step = pick(random, [1, 10, 1000, 0.25]);
  const resets = pick(random, [0, 0.02, 0.1]);
  let value = Math.floor(random() * 1000) * step;
  return () => {
    if (random() < resets) value = random() < 0.5 ? 0 : Math.floor(random() * 5) * step;
    else if (random() < 0.8) value += Math.floor(random() * 20) * step;
    return value;
  };
}

function gauge(random: Random): () => number {
  const scale = pick(random, [1, 100, 1e6, 1e-3]);
  const odds = pick(random, [0, 0, 0.05]);
  let value = (random() - 0.3) * scale;
  return () => {
    if (random() < odds) return odd(random);
    if (random() < 0.9) value += (random() - 0.5) * scale * 0.1;
    return value;
  };
}

/** The smallest of them is no subnormal number: logarithms of those are wrong in Go's assembly for amd64, and right elsewhere. */
const ODD = [Number.NaN, Infinity, -Infinity, -0, 0, 1e300, -1e300, 2 ** -1022, 2 ** 53, 1 / 3, -1, 1e-9];

function odd(random: Random): number {
  return pick(random, ODD);
}

/** Floats for a while, then histograms. */
function alternating(random: Random): () => RandomSample['value'] {
  const histogram = new RandomHistogram(random, 'exponential');
  const float = counter(random);
  let isFloat = random() < 0.5;
  return () => {
    if (random() < 0.05) isFloat = !isFloat;
    return isFloat ? float() : histogram.advance();
  };
}

const BOUNDS = ['0.1', '0.5', '1', '5', '+Inf'];

/** Buckets, count and sum of one histogram; some lack the last bucket, count backwards or have a bound that is none. */
function classic(random: Random, plan: SeriesPlan, labels: Readonly<Record<string, string>>): readonly RandomSeries[] {
  const fault = pick(random, ['none', 'none', 'none', 'noise', 'no last bucket', 'bad bound']);
  const times = samplesOf(random, plan, () => 0);
  let counts = BOUNDS.map(() => 0);
  let sum = 0;
  const bucketSamples: RandomSample[][] = BOUNDS.map(() => []);
  const countSamples: RandomSample[] = [];
  const sumSamples: RandomSample[] = [];
  for (const { timestampMs, value, isLate = false } of times) {
    if (value === 'stale') {
      for (const samples of [...bucketSamples, countSamples, sumSamples]) samples.push({ timestampMs, value });
      continue;
    }
    if (random() < 0.02) counts = BOUNDS.map(() => 0);
    let added = 0;
    counts = counts.map((count) => {
      added += Math.floor(random() * 5);
      return count + added;
    });
    sum += added * random();
    for (const [index, count] of counts.entries()) {
      const noise = fault === 'noise' ? (random() - 0.5) * 3 : 0;
      bucketSamples[index]!.push({ timestampMs, value: Math.max(0, count + noise), isLate });
    }
    countSamples.push({ timestampMs, value: counts.at(-1) ?? 0, isLate });
    sumSamples.push({ timestampMs, value: sum, isLate });
  }
  const buckets = BOUNDS.map((le, index) => ({
    labels: { __name__: 'latency_seconds_bucket', ...labels, le: fault === 'bad bound' && index === 1 ? 'half' : le },
    samples: bucketSamples[index]!,
  }));
  return [
    ...(fault === 'no last bucket' ? buckets.slice(0, -1) : buckets),
    { labels: { __name__: 'latency_seconds_count', ...labels }, samples: countSamples },
    { labels: { __name__: 'latency_seconds_sum', ...labels }, samples: sumSamples },
  ];
}
