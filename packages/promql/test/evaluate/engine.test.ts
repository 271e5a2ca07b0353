import type { Clock } from '@vigie/core/clock';
import { describe, expect, it } from 'vitest';
import { Engine, type EngineOptions } from '../../src/evaluate/engine.ts';
import { LabelSet } from '../../src/labels/label-set.ts';
import { MemoryStorage } from '../../src/storage/memory-storage.ts';
import type { Querier } from '../../src/storage/querier.ts';

const never = new AbortController().signal;

/** `series` of a metric `m`, a sample per second from 0 to 60. */
function storageOf(series: number): MemoryStorage {
  const storage = new MemoryStorage();
  for (let index = 0; index < series; index++) {
    const samples = Array.from({ length: 61 }, (_, second) => ({
      timestampMs: second * 1000,
      value: second * index,
      startTimestampMs: 0,
    }));
    storage.append(LabelSet.of({ __name__: 'm', i: String(index), g: String(index % 3) }), samples);
  }
  return storage;
}

const range = { startMs: 0, endMs: 60_000, stepMs: 1000 };

describe('limits', () => {
  const refused = (limits: EngineOptions['limits'], query: string): Promise<unknown> =>
    new Engine({ limits: limits ?? {} }).range(storageOf(10), query, range, never);

  it.each([
    ['samples of a selector', { maxSamples: 100 }, 'm', /too many samples into memory in query execution/],
    ['samples in the range of a function', { maxSamples: 10 }, 'rate(m[30s])', /too many samples/],
    ['bytes', { maxBytes: 1000 }, 'm', /more than 1000 bytes of memory: select fewer series/],
    ['series', { maxSeries: 9 }, 'sum(m)', /would select 10 series, more than the limit of 9/],
  ])('refuses too many %s', async (_, limits, query, message) => {
    await expect(refused(limits, query)).rejects.toMatchObject({
      code: 'PROMQL_LIMIT',
      message: expect.stringMatching(message),
    });
  });

  it('counts what is held, not what has been: a sum of many parts needs no more than one of them', async () => {
    const query = Array.from({ length: 20 }, () => 'sum(m)').join(' + ');
    await expect(refused({ maxSamples: 1000 }, query)).resolves.toBeDefined();
  });

  it('refuses more than 11,000 steps', async () => {
    const times = { startMs: 0, endMs: 11_001_000, stepMs: 1000 };
    await expect(new Engine().range(storageOf(1), 'm', times, never)).rejects.toThrow(/maximum resolution of 11,000/);
  });

  it('ends a query whose time is up', async () => {
    const { clock, advance } = handClock();
    const storage = storageOf(1);
    const slow: Querier = {
      ...boundTo(storage),
      select: (selection, signal) => {
        advance(1000);
        return storage.select(selection, signal);
      },
    };
    const engine = new Engine({ limits: { timeoutMs: 500 } }, { clock, pause: async () => undefined });
    await expect(engine.instant(slow, 'm', 60_000, never)).rejects.toMatchObject({
      code: 'PROMQL_TIMEOUT',
      message: 'query timed out in expression evaluation',
    });
  });
});

/** A clock that a test moves; with `tickMs`, each look at it does so too. */
function handClock(tickMs = 0): { readonly clock: Clock; readonly advance: (byMs: number) => void } {
  let timeMs = 0;
  const advance = (byMs: number): void => {
    timeMs += byMs;
  };
  const monotonicMs = (): number => {
    advance(tickMs);
    return timeMs;
  };
  const clock = { nowMs: () => 0, monotonicMs, setTimer: () => ({ cancel: () => {} }), sleep: async () => {} };
  return { clock, advance };
}

function boundTo(storage: MemoryStorage): Querier {
  return {
    select: (selection, signal) => storage.select(selection, signal),
    labelNames: (query, signal) => storage.labelNames(query, signal),
    labelValues: (name, query, signal) => storage.labelValues(name, query, signal),
    series: (query, signal) => storage.series(query, signal),
    metadata: () => storage.metadata(),
    exemplars: () => storage.exemplars(),
  };
}

describe('a query that nobody waits for any more', () => {
  it('ends at the next pause', async () => {
    const controller = new AbortController();
    let pauses = 0;
    const pause = async (): Promise<void> => {
      pauses += 1;
      controller.abort(new Error('client has gone'));
    };
    // Each look at the clock finds that the slice is over.
    const hasty = { clock: handClock(13).clock, pause };
    const query = new Engine({}, hasty).range(storageOf(200), 'sum(rate(m[30s]))', range, controller.signal);
    await expect(query).rejects.toMatchObject({ code: 'PROMQL_CANCELED', cause: new Error('client has gone') });
    expect(pauses).toBe(1);
  });

  it('does not begin once the signal has been given', async () => {
    const query = new Engine().instant(storageOf(1), 'm', 0, AbortSignal.abort(new Error('gone')));
    await expect(query).rejects.toMatchObject({ code: 'PROMQL_CANCELED' });
  });
});

describe('names', () => {
  const twoMetrics = (): MemoryStorage => {
    const storage = new MemoryStorage();
    for (const name of ['a', 'b']) {
      storage.append(LabelSet.of({ __name__: name }), [{ timestampMs: 0, value: 1, startTimestampMs: 0 }]);
    }
    return storage;
  };
  const query = 'count by (__name__) (abs({__name__=~"a|b"}))';

  it('go at each function, as in Prometheus unless told otherwise', async () => {
    await expect(new Engine().instant(twoMetrics(), query, 0, never)).rejects.toThrow(/same labelset/);
  });

  it('go at the end, with delayed removal', async () => {
    const { result } = await new Engine({ delayedNameRemoval: true }).instant(
      twoMetrics(),
      'abs({__name__="a"})',
      0,
      never,
    );
    expect(result).toMatchObject({ samples: [{ labels: LabelSet.empty, value: 1 }] });
  });
});

describe('answers', () => {
  it('carry what the storage warns of', async () => {
    const storage = storageOf(1);
    const warning: Querier = {
      ...boundTo(storage),
      select: async (selection, signal) => ({
        ...(await storage.select(selection, signal)),
        warnings: ['beyond retention'],
      }),
    };
    const { warnings, infos } = await new Engine().instant(warning, 'm + m', 60_000, never);
    expect([warnings, infos]).toEqual([['beyond retention'], []]);
  });

  it('hand the storage hints, and no wider range than the samples that count', async () => {
    const selections: unknown[] = [];
    const storage = storageOf(1);
    const recording: Querier = {
      ...boundTo(storage),
      select: (selection, signal) => {
        selections.push({ range: selection.range, hints: selection.hints });
        return storage.select(selection, signal);
      },
    };
    const query = 'sum by (g) (rate(m[30s] offset 5s)) + m @ 10';
    await new Engine().range(recording, query, { startMs: 40_000, endMs: 60_000, stepMs: 10_000 }, never);
    expect(selections).toEqual([
      {
        range: { fromMs: 5001, toMs: 55_000 },
        hints: { func: 'rate', grouping: ['g'], by: true, stepMs: 10_000, rangeMs: 30_000 },
      },
      {
        range: { fromMs: -289_999, toMs: 10_000 },
        hints: { func: '', grouping: [], by: false, stepMs: 10_000, rangeMs: 0 },
      },
    ]);
  });

  it('are scalars, strings and range vectors too', async () => {
    const engine = new Engine();
    const storage = storageOf(2);
    expect((await engine.instant(storage, '1 + 1', 5, never)).result).toEqual({
      type: 'scalar',
      timestampMs: 5,
      value: 2,
    });
    expect((await engine.instant(storage, '"x"', 5, never)).result).toEqual({
      type: 'string',
      timestampMs: 5,
      value: 'x',
    });
    const { result } = await engine.instant(storage, 'm{i="1"}[2s]', 10_000, never);
    expect(result).toEqual({
      type: 'matrix',
      series: [
        {
          labels: LabelSet.of({ __name__: 'm', i: '1', g: '1' }),
          timestampsMs: Float64Array.of(9000, 10_000),
          values: Float64Array.of(9, 10),
          histograms: undefined,
        },
      ],
    });
    await expect(engine.range(storage, 'm[2s]', range, never)).rejects.toThrow(
      'invalid expression type "range vector" for range query, must be Scalar or instant Vector',
    );
  });
});
