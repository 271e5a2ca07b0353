import { FakeClock } from '@vigie/core/fake-clock';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { SampleColumns } from '@vigie/promql/storage/sample-columns';
import { describe, expect, it } from 'vitest';
import { Head } from '../../src/head/head.ts';
import type { HeadOptions } from '../../src/head/options.ts';
import { HeadQuerier } from '../../src/head-querier.ts';
import { samplesOf } from './model.ts';

const STEP_MS = 15_000;
const { signal } = new AbortController();

function made(options: Partial<HeadOptions> = {}) {
  const clock = new FakeClock();
  const head = new Head(options, clock);
  const series = (labels: Readonly<Record<string, string>>): number => {
    const ref = head.getOrCreate(LabelSet.of({ __name__: 'm', ...labels }));
    if (typeof ref === 'string') throw new Error(ref);
    return ref;
  };
  const append = (ref: number, timestampMs: number, value: number, startMs?: number) =>
    head.append({
      count: 1,
      refs: Uint32Array.of(ref),
      timestampsMs: Float64Array.of(timestampMs),
      values: Float64Array.of(value),
      startTimestampsMs: startMs === undefined ? undefined : Float64Array.of(startMs),
    });
  const read = (ref: number) => {
    const columns = new SampleColumns();
    head.store.read(head.table.resolve(ref), -1e15, 1e15, columns);
    return columns;
  };
  return { clock, head, series, append, read, querier: new HeadQuerier(head) };
}

describe('a head', () => {
  it('gives one reference for equal labels, and the same label object each time', async () => {
    const { series, querier, append, clock } = made();
    expect(series({ a: '1', b: '2' })).toBe(series({ b: '2', a: '1' }));
    expect(series({ a: '1' })).not.toBe(series({ a: '2' }));
    append(series({ a: '1' }), clock.nowMs(), 1);
    const query = { matcherSets: [], range: { fromMs: 0, toMs: 1e15 }, limit: undefined };
    const [first] = (await querier.series(query, signal)).series;
    const [again] = (await querier.series(query, signal)).series;
    expect(again?.labels).toBe(first?.labels);
  });

  it('refuses labels that no series can have', () => {
    const { head } = made();
    expect(head.getOrCreate(LabelSet.ofSorted(['b', 'a'], ['1', '2']))).toBe('bad_labels');
    expect(head.getOrCreate(LabelSet.ofSorted(['a', 'a'], ['1', '2']))).toBe('bad_labels');
    expect(head.getOrCreate(LabelSet.ofSorted(['a'], ['']))).toBe('bad_labels');
    expect(head.counts.refusedSeries.get('bad_labels')).toBe(3);
  });

  it('refuses new series beyond the budgets, and knows the old ones still', () => {
    const { head, series } = made({ maxSeries: 5, maxSeriesPerJob: 2, maxSeriesPerNamespace: 3 });
    const get = (labels: Readonly<Record<string, string>>) => head.getOrCreate(LabelSet.of(labels));
    const first = series({ job: 'a', n: '1' });
    series({ job: 'a', n: '2' });
    expect(get({ job: 'a', n: '3' })).toBe('job_budget');
    for (const n of ['1', '2', '3']) series({ namespace: 'shop', n });
    expect(get({ namespace: 'shop', n: '4' })).toBe('namespace_budget');
    expect(get({ n: '9' })).toBe('series_limit');
    expect(series({ job: 'a', n: '1' })).toBe(first);
  });

  it('does not take the reference of a series that has gone for its successor', () => {
    const { series, append, head, clock } = made({ coldAfterMs: 1_000, retentionMs: 60_000 });
    const old = series({ n: '1' });
    append(old, clock.nowMs(), 1);
    append(series({ n: 'other' }), clock.nowMs() + 120_000, 1);
    head.maintain(0, 1e9);
    const successor = series({ n: '2' });
    expect(head.table.resolve(successor)).toBe(0);
    expect(append(old, clock.nowMs() + 120_000, 1).refused).toEqual({ unknown_series: 1 });
  });

  it('keeps silent series compressed, and every sample of them', () => {
    const { series, append, head, clock, read } = made();
    const [silent, busy] = [series({ n: 'silent' }), series({ n: 'busy' })];
    for (let step = 0; step < 100; step++) append(silent, clock.nowMs() + step * 100, step);
    append(busy, clock.nowMs() + 600_000, 1);
    expect(head.store.hot.used).toBe(2);
    head.maintain(0, 1e9);
    expect(head.store.hot.used).toBe(1);
    expect(read(silent).length).toBe(100);
    append(silent, clock.nowMs() + 600_000, 7);
    expect(read(silent).length).toBe(101);
    expect(append(silent, clock.nowMs() + 600_000, 7)).toMatchObject({ accepted: 0, known: 1 });
  });

  it('drops the oldest chunks when its memory is used up, and says from where on it has samples', async () => {
    const { series, head, clock, querier } = made({ maxBytes: 6 * 1024 ** 2, maxAheadMs: Number.POSITIVE_INFINITY });
    const refs = Uint32Array.from({ length: 200 }, (_, n) => series({ n: String(n) }));
    for (let step = 0; step < 4_000; step++) {
      const timestampsMs = new Float64Array(200).fill(clock.nowMs() + step * 1_000);
      const values = Float64Array.from(refs, (_, n) => Math.sin(step * n) * 1e9);
      expect(head.append({ count: 200, refs, timestampsMs, values }).accepted).toBe(200);
    }
    expect(head.usedBytes).toBeLessThan(6.5 * 1024 ** 2);
    expect(head.store.droppedSamples).toBeGreaterThan(0);
    expect(head.keptFromMs).toBeGreaterThan(clock.nowMs());
    const hints = { stepMs: 0, func: '', rangeMs: 0, grouping: [], by: false };
    const ask = (fromMs: number) => querier.select({ matchers: [], range: { fromMs, toMs: 1e15 }, hints }, signal);
    expect((await ask(clock.nowMs())).warnings[0]).toMatch(/beyond retention: samples are kept from 2026-/);
    expect((await ask(head.keptFromMs)).warnings).toEqual([]);
  });

  it('refuses samples when nothing can be dropped for them', () => {
    const { series, append, clock, head } = made({ maxBytes: 140_000 });
    const ref = series({});
    append(ref, clock.nowMs(), 1);
    expect(append(ref, clock.nowMs() + 1, 2).refused).toEqual({ no_memory: 1 });
    expect(head.getOrCreate(LabelSet.of({ another: 'one' }))).toBe('no_memory');
  });

  it('knows when the counter behind each sample began', () => {
    const { series, append, clock, read, head } = made();
    const ref = series({});
    const starts: number[] = [];
    for (let step = 0; step < 200; step++) {
      const startMs = step < 50 ? 0 : step < 130 ? 1_000 : 2_000;
      starts.push(startMs);
      append(ref, clock.nowMs() + step, step, startMs);
    }
    expect([...read(ref).startTimestampsMs!.subarray(0, 200)]).toEqual(starts);
    head.store.cool(head.table.resolve(ref));
    expect([...read(ref).startTimestampsMs!.subarray(0, 200)]).toEqual(starts);
  });

  it('puts late samples between those of the other kind, and refuses a second one for a time', () => {
    const { series, append, clock, head, read } = made({ outOfOrderWindowMs: 1e9 });
    const ref = series({});
    const histogram = {
      counterResetHint: 'unknown',
      schema: 0,
      zeroThreshold: 0,
      zeroCount: 1,
      count: 1,
      sum: 0,
      positiveSpans: [],
      negativeSpans: [],
      positiveBuckets: [],
      negativeBuckets: [],
      customValues: [],
    } as const;
    const at = (step: number): number => clock.nowMs() + step * 100;
    const observe = (...steps: readonly number[]) =>
      head.appendHistograms(steps.map((step) => ({ ref, timestampMs: at(step), histogram, startTimestampMs: 0 })));
    observe(10, 20);
    expect(append(ref, at(15), 1).accepted).toBe(1);
    append(ref, at(30), 3);
    observe(40, 50);
    expect(append(ref, at(5), 0.5).accepted).toBe(1);
    expect(append(ref, at(15), 1).known).toBe(1);
    expect(append(ref, at(20), 1).refused).toEqual({ duplicate: 1 });
    expect(append(ref, at(25), 2.5).accepted).toBe(1);
    expect(append(ref, at(35), 3.5).accepted).toBe(1);
    expect(append(ref, at(35), 3.6).refused).toEqual({ duplicate: 1 });
    expect(append(ref, at(45), 1).accepted).toBe(1);
    expect(observe(12, 20, 27, 30)).toEqual({ accepted: 2, known: 1, refused: { duplicate: 1 } });
    expect(observe(50)).toEqual({ accepted: 0, known: 1, refused: {} });
    expect(samplesOf(read(ref)).map(({ timestampMs }) => (timestampMs - clock.nowMs()) / 100)).toEqual([
      5, 10, 12, 15, 20, 25, 27, 30, 35, 40, 45, 50,
    ]);
  });

  it('answers for label names and values, also of some series only', async () => {
    const { series, append, clock, querier } = made();
    append(series({ zone: 'b' }), clock.nowMs(), 1);
    append(series({ zone: 'a', pod: 'x' }), clock.nowMs() - 1_000_000, 1);
    series({ zone: 'never' });
    const query = { matcherSets: [], range: { fromMs: 0, toMs: 1e15 }, limit: undefined };
    expect((await querier.labelNames(query, signal)).values).toEqual(['__name__', 'pod', 'zone']);
    expect((await querier.labelValues('zone', query, signal)).values).toEqual(['a', 'b']);
    const recent = { ...query, range: { fromMs: clock.nowMs() - STEP_MS, toMs: 1e15 } };
    expect((await querier.labelValues('zone', recent, signal)).values).toEqual(['b']);
    expect((await querier.labelValues('zone', { ...query, limit: 1 }, signal)).values).toEqual(['a']);
    await expect(querier.labelNames(query, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
  });
});
