import { FakeClock } from '@vigie/core/fake-clock';
import { type Random, seededRandom } from '@vigie/core/random';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { Matcher } from '@vigie/promql/labels/matcher';
import { SampleColumns } from '@vigie/promql/storage/sample-columns';
import { describe, expect, it } from 'vitest';
import { Head } from '../../src/head/head.ts';
import { ACCEPTED, KNOWN, refusalOf } from '../../src/head/outcome.ts';
import { HeadQuerier } from '../../src/head-querier.ts';
import { oddNumbers } from '../odd-numbers.ts';
import { randomHistogram } from '../random-histogram.ts';
import { bitsText, ModelHead, samplesOf, withoutHints } from './model.ts';

const SECOND_MS = 1000;
const { signal } = new AbortController();

describe('a head and its model', () => {
  it.each(Array.from({ length: 12 }, (_, index) => index + 1))('agree whatever happens, seed %i', async (seed) => {
    const random = seededRandom(seed);
    await torture(random, {
      outOfOrderWindowMs: pick(random, [0, 0, 600 * SECOND_MS, 3_600 * SECOND_MS]),
      retentionMs: pick(random, [900 * SECOND_MS, 3_600 * SECOND_MS, Number.POSITIVE_INFINITY]),
      coldAfterMs: pick(random, [60 * SECOND_MS, 300 * SECOND_MS]),
      isMixed: random() < 0.5,
    });
  });
});

interface Conditions {
  readonly outOfOrderWindowMs: number;
  readonly retentionMs: number;
  readonly coldAfterMs: number;
  /** Histograms among the floats of a series. */
  readonly isMixed: boolean;
}

async function torture(random: Random, { isMixed, ...options }: Conditions): Promise<void> {
  const clock = new FakeClock();
  const head = new Head(options, clock);
  const querier = new HeadQuerier(head);
  const model = new ModelHead(head.options);
  const all = Array.from({ length: 40 }, (_, n) =>
    LabelSet.of({ __name__: `metric_${n % 4}`, pod: `pod-${n}`, ...(n % 3 === 0 ? { zone: `z${n % 2}` } : {}) }),
  );
  for (let step = 0; step < 400; step++) {
    await clock.advance(15 * SECOND_MS);
    const rows = [];
    const active = step % 100 < 70 ? all : all.slice(0, 8);
    for (const labels of active) {
      if (random() < 0.2) continue;
      const atMs = timeOf(random, clock.nowMs());
      const histogram =
        isMixed && random() < 0.2 ? randomHistogram(seededRandom(step % 50 < 40 ? 1 : step), random) : undefined;
      rows.push({ labels, atMs, value: oddNumbers(random, 1)[0]!, histogram });
      if (random() < 0.05) rows.push(rows.at(-1)!);
    }
    appendBoth(head, model, rows, clock.nowMs());
    if (random() < 0.1) {
      for (let slot = head.maintain(0, 16); slot !== 0; ) slot = head.maintain(slot, 16);
      model.dropOld();
    }
    if (random() < 0.1) await compare(random, head, querier, model, all, clock.nowMs());
  }
  await compare(random, head, querier, model, all, clock.nowMs());
}

interface Row {
  readonly labels: LabelSet;
  readonly atMs: number;
  readonly value: number;
  readonly histogram: ReturnType<typeof randomHistogram> | undefined;
}

function appendBoth(head: Head, model: ModelHead, rows: readonly Row[], nowMs: number): void {
  const refs = rows.map(({ labels }) => {
    const ref = head.getOrCreate(labels);
    if (typeof ref === 'string') throw new Error(ref);
    return ref;
  });
  // One kind after the other, as both sides are told.
  for (const isHistogram of [false, true]) {
    const kind = rows.flatMap((row, index) =>
      (row.histogram !== undefined) === isHistogram ? [{ ...row, ref: refs[index]! }] : [],
    );
    const outcomes = new Uint8Array(kind.length);
    if (isHistogram) {
      const samples = kind.map(({ ref, atMs, histogram }) => ({
        ref,
        timestampMs: atMs,
        histogram: histogram!,
        startTimestampMs: 0,
      }));
      head.appendHistograms(samples, outcomes);
    } else {
      const columns = {
        count: kind.length,
        refs: Uint32Array.from(kind, ({ ref }) => ref),
        timestampsMs: Float64Array.from(kind, ({ atMs }) => atMs),
        values: Float64Array.from(kind, ({ value }) => value),
      };
      head.append(columns, outcomes);
    }
    const expected = kind.map(({ labels, atMs, value, histogram }) =>
      model.append(labels.key, { timestampMs: atMs, value: histogram ?? bitsText(value) }, nowMs),
    );
    expect(Array.from(outcomes, nameOf)).toEqual(expected);
  }
}

function nameOf(outcome: number): string {
  return outcome === ACCEPTED ? 'accepted' : outcome === KNOWN ? 'known' : refusalOf(outcome);
}

async function compare(
  random: Random,
  head: Head,
  querier: HeadQuerier,
  model: ModelHead,
  all: readonly LabelSet[],
  nowMs: number,
): Promise<void> {
  const spanMs = Math.floor(random() * 7_200) * SECOND_MS;
  const toMs = nowMs - Math.floor(random() * 600) * SECOND_MS;
  const range = random() < 0.3 ? { fromMs: -1e15, toMs: 1e15 } : { fromMs: toMs - spanMs, toMs };
  const hints = { stepMs: 0, func: '', rangeMs: 0, grouping: [], by: false };
  const matchers = [
    pick(random, [
      new Matcher('__name__', '=', 'metric_1'),
      new Matcher('pod', '=~', 'pod-.+'),
      new Matcher('zone', '!=', ''),
    ]),
  ];
  const { series, warnings } = await querier.select({ matchers, range, hints }, signal);
  const columns = new SampleColumns();
  const found = new Map<string, unknown>();
  for (const one of series) {
    columns.clear();
    one.read(range, columns);
    const samples = withoutHints(samplesOf(columns));
    if (columns.length > 0) found.set(one.labels.key, samples);
    columns.clear();
    one.readNewest(range, columns);
    expect(withoutHints(samplesOf(columns))).toEqual(samples.slice(-1));
  }
  const expected = new Map<string, unknown>();
  for (const labels of all) {
    if (!matchers.every((matcher) => matcher.matches(labels.get(matcher.name)))) continue;
    const samples = model.read(labels.key, range.fromMs, range.toMs);
    if (samples.length > 0) expected.set(labels.key, withoutHints(samples));
  }
  expect(new Map([...found].sort())).toEqual(new Map([...expected].sort()));
  expect(warnings.length).toBe(range.fromMs < head.keptFromMs ? 1 : 0);
}

function timeOf(random: Random, nowMs: number): number {
  const kind = random();
  if (kind < 0.8) return nowMs;
  if (kind < 0.85) return nowMs - Math.floor(random() * 10) * 15 * SECOND_MS;
  if (kind < 0.95) return nowMs - Math.floor(random() * 5_000 * SECOND_MS);
  if (kind < 0.98) return nowMs + Math.floor(random() * 100);
  return pick(random, [Number.NaN, nowMs + 0.5, nowMs + 3_600 * SECOND_MS, Number.POSITIVE_INFINITY]);
}

function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)]!;
}
