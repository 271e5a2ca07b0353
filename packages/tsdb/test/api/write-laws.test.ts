import { type Random, seededRandom } from '@vigie/core/random';
import type { NativeHistogram } from '@vigie/wire/native-histogram';
import type { WrittenSeries } from '@vigie/wire/remote-write/encode-write-request';
import { describe, expect, it } from 'vitest';
import { toHistogram } from '../../src/api/histograms.ts';
import { bitsText, ModelHead, withoutHints } from '../head/model.ts';
import { oddNumbers } from '../odd-numbers.ts';
import { contents } from '../tsdb-bed.ts';
import { apiBed, floats, VERSIONS } from './api-bed.ts';

const MINUTE_MS = 60_000;

describe('what remote write brings', () => {
  it.each(
    Array.from({ length: 10 }, (_, index) => index + 1),
  )('is what queries find, less what a model refuses, seed %i', async (seed) => {
    const random = seededRandom(seed);
    const head = {
      outOfOrderWindowMs: pick(random, [0, 10 * MINUTE_MS, 60 * MINUTE_MS]),
      retentionMs: pick(random, [30 * MINUTE_MS, Number.POSITIVE_INFINITY]),
      coldAfterMs: 2 * MINUTE_MS,
    };
    const { write, tsdb, clock } = await apiBed({ head });
    const model = new ModelHead(tsdb.head.options);
    for (let step = 0; step < 120; step++) {
      await clock.advance(15_000);
      const series = request(random, step, clock.nowMs());
      const refused = appendTo(model, series, clock.nowMs());
      const { status, text } = await write(pick(random, VERSIONS), series);
      expect(status, text).toBe(refused > 0 ? 400 : 204);
    }
    model.dropOld();
    const found = await contents(tsdb);
    const expected = [...model.series.keys()].map((key) => [key, model.read(key, -1e15, 1e15)] as const);
    for (const [key, samples] of expected)
      expect(withoutHints(within(found.get(key) ?? [], model.keptFromMs)), key).toEqual(withoutHints(samples));
  });
});

/** Some series once or twice, one sample of each or some, a few of them late or known; floats and histograms mixed. */
function request(random: Random, step: number, nowMs: number): readonly WrittenSeries[] {
  return Array.from({ length: 12 }, (_, n) => {
    const labels = {
      __name__: `metric_${n % 3}`,
      pod: `pod-${n + Math.floor(step / 40)}`,
      zone: n % 2 === 0 ? 'é' : '',
    };
    const timesMs = Array.from({ length: random() < 0.2 ? 3 : 1 }, (_, at) => timeOf(random, nowMs) + at);
    if (n % 4 === 3 && random() < 0.5) {
      const histograms = timesMs.map((timestampMs) => ({
        timestampMs,
        startTimestampMs: 0,
        histogram: randomNative(random),
      }));
      return { ...floats(labels, []), histograms };
    }
    const values = oddNumbers(random, timesMs.length);
    return floats(
      labels,
      timesMs.map((timestampMs, at) => [timestampMs, random() < 0.2 ? 1 : values[at]!] as const),
    );
  });
}

function timeOf(random: Random, nowMs: number): number {
  const kind = random();
  if (kind < 0.75) return nowMs;
  if (kind < 0.85) return nowMs - 15_000 * Math.floor(random() * 8);
  return kind < 0.99 ? nowMs - Math.floor(random() * 40 * MINUTE_MS) : nowMs + 60 * MINUTE_MS;
}

function randomNative(random: Random): NativeHistogram {
  const positiveCounts = [Math.floor(random() * 5), Math.floor(random() * 5)];
  return {
    isFloat: random() < 0.3,
    schema: random() < 0.8 ? 2 : 3,
    zeroThreshold: 0.5,
    zeroCount: 1,
    count: positiveCounts[0]! + positiveCounts[1]! + 1,
    sum: random() * 10,
    positiveSpans: [{ offset: -3, length: 2 }],
    positiveCounts,
    negativeSpans: [],
    negativeCounts: [],
    customValues: [],
    resetHint: random() < 0.2 ? 'gauge' : 'unknown',
    isStale: false,
  };
}

/** @returns how many samples it refuses; floats come before histograms, as the receiver takes them */
function appendTo(model: ModelHead, series: readonly WrittenSeries[], nowMs: number): number {
  let refused = 0;
  const append = (
    one: WrittenSeries,
    timestampMs: number,
    value: Parameters<ModelHead['append']>[1]['value'],
  ): void => {
    const result = model.append(keyOf(one), { timestampMs, value }, nowMs);
    if (result !== 'accepted' && result !== 'known') refused++;
  };
  for (const one of series)
    for (const [row, timestampMs] of one.timestampsMs.entries()) append(one, timestampMs, bitsText(one.values[row]!));
  for (const one of series)
    for (const { timestampMs, histogram } of one.histograms ?? []) append(one, timestampMs, toHistogram(histogram));
  return refused;
}

function keyOf({ labels }: WrittenSeries): string {
  let key = '';
  for (let at = 0; at < labels.length; at += 2) key += `${labels[at]}\xff${labels[at + 1]}\xfe`;
  return key;
}

function within<T extends { readonly timestampMs: number }>(samples: readonly T[], keptFromMs: number): readonly T[] {
  return samples.filter(({ timestampMs }) => timestampMs >= keptFromMs);
}

function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)]!;
}
