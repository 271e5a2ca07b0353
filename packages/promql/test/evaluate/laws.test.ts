/** What must hold of any query over any data. */
import { errorCode } from '@vigie/core/errors';
import { type Random, seededRandom } from '@vigie/core/random';
import { describe, expect, it } from 'vitest';
import { Engine } from '../../src/evaluate/engine.ts';
import type { QueryTimes } from '../../src/evaluate/query-times.ts';
import type { RangeSeries } from '../../src/evaluate/result.ts';
import type { Histogram } from '../../src/histogram/histogram.ts';
import { LabelSet } from '../../src/labels/label-set.ts';
import { MemoryStorage, type StoredSample } from '../../src/storage/memory-storage.ts';
import { randomQuery } from '../random-query.ts';

const SEED = 20_261_130;
const never = new AbortController().signal;
const OPTIONS = { experimental: true, delayedNameRemoval: true };

/** Series with gaps, resets, staleness, NaN, floats and histograms in turn. */
function randomStorage(random: Random): MemoryStorage {
  const storage = new MemoryStorage();
  for (const name of ['a', 'b', 'requests_total', 'h_bucket']) {
    for (let index = 0; index < 4; index++) {
      const labels = {
        __name__: name,
        job: `j${index % 2}`,
        instance: String(index),
        le: name === 'h_bucket' ? String(index) : '',
      };
      storage.append(LabelSet.of(labels), randomSamples(random));
    }
  }
  return storage;
}

function randomSamples(random: Random): readonly StoredSample[] {
  const samples: StoredSample[] = [];
  let value = 0;
  for (let timestampMs = 0; timestampMs <= 900_000; timestampMs += 15_000) {
    const luck = random();
    if (luck < 0.1) continue;
    value = luck < 0.15 ? 0 : value + Math.floor(random() * 10);
    const sample = luck < 0.18 ? 'stale' : luck < 0.2 ? Number.NaN : luck < 0.3 ? histogramOf(value) : value;
    samples.push({ timestampMs: timestampMs + Math.floor(random() * 1000), value: sample, startTimestampMs: 0 });
  }
  return samples;
}

function histogramOf(value: number): Histogram {
  return {
    counterResetHint: 'unknown',
    schema: 0,
    zeroThreshold: 0.001,
    zeroCount: 1,
    count: value + 1,
    sum: 2 * value,
    positiveSpans: [{ offset: 0, length: 1 }],
    negativeSpans: [],
    positiveBuckets: [value],
    negativeBuckets: [],
    customValues: [],
  };
}

type Answer = readonly (readonly [string, unknown])[] | string;

async function answerAt(engine: Engine, storage: MemoryStorage, query: string, timestampMs: number): Promise<Answer> {
  try {
    const { result } = await engine.instant(storage, query, timestampMs, never);
    if (result.type !== 'vector') throw new Error(result.type);
    return result.samples.map(({ labels, value, histogram }) => [labels.key, histogram ?? value] as const).sort(byKey);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

describe('a range query', () => {
  it('answers at each step as an instant query does at that time', async () => {
    const random = seededRandom(SEED);
    let compared = 0;
    for (let round = 0; round < 300; round++) {
      const storage = randomStorage(random);
      // These depend on the query's start, end and step.
      const query = randomQuery(random)
        .replace(/start\(\)|end\(\)/g, '300')
        .replaceAll('step()', '30s');
      const engine = new Engine(OPTIONS);
      const times = { startMs: 0, endMs: 900_000, stepMs: 45_000 };
      const ranged = await rangeOf(engine, storage, query, times);
      for (let timestampMs = 0; timestampMs <= 900_000; timestampMs += 45_000) {
        const instant = await answerAt(engine, storage, query, timestampMs);
        if (ranged === undefined) continue;
        const step = stepOf(ranged, timestampMs);
        expect(step, `seed ${SEED}, round ${round}: ${query} at ${timestampMs}`).toEqual(instant);
        if (step.length > 0) compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(500);
  });

  it('is not changed by pauses', async () => {
    const random = seededRandom(SEED + 1);
    const storage = randomStorage(random);
    let timeMs = 0;
    const clock = {
      nowMs: () => 0,
      monotonicMs: () => (timeMs += 20),
      setTimer: () => ({ cancel: () => undefined }),
      sleep: async () => undefined,
    };
    const limits = { timeoutMs: 1e9 };
    const interrupted = new Engine({ ...OPTIONS, limits }, { clock, pause: async () => undefined });
    for (let round = 0; round < 100; round++) {
      const query = randomQuery(random);
      const times = { startMs: 0, endMs: 900_000, stepMs: 60_000 };
      const plain = await new Engine(OPTIONS).range(storage, query, times, never).catch(String);
      expect(await interrupted.range(storage, query, times, never).catch(String), query).toEqual(plain);
    }
  });
});

/** @returns undefined where the query fails: at which step does not show */
async function rangeOf(
  engine: Engine,
  storage: MemoryStorage,
  query: string,
  times: QueryTimes,
): Promise<readonly RangeSeries[] | undefined> {
  try {
    return (await engine.range(storage, query, times, never)).result;
  } catch (error) {
    if (errorCode(error) === 'PROMQL_EXECUTION') return undefined;
    throw error;
  }
}

function stepOf(ranged: readonly RangeSeries[], timestampMs: number): readonly (readonly [string, unknown])[] {
  const samples: (readonly [string, unknown])[] = [];
  for (const { labels, timestampsMs, values, histograms } of ranged) {
    const at = timestampsMs.indexOf(timestampMs);
    if (at >= 0) samples.push([labels.key, histograms?.[at] ?? values[at]]);
  }
  return samples.sort(byKey);
}
