/** Steps that are asked for many at once, of a store that says how much it answers. */
import { VigieError } from '@vigie/core/errors';
import { describe, expect, it } from 'vitest';
import { StepsAhead } from '../../src/backtest/steps-ahead.ts';
import type { Steps } from '../../src/logs/log-source.ts';

const STEP = 10_000;
const HOUR = 3_600_000;
const never = new AbortController().signal;

interface Store {
  /** Its longest answer. */
  readonly longestMs?: number;
  readonly refuses?: string;
  readonly perStep?: number;
}

/** Has something in each step: its beginning. */
function ahead(
  endMs: number,
  { longestMs = Number.POSITIVE_INFINITY, refuses = 'LOGS_TOO_MANY', perStep = 1 }: Store = {},
) {
  const asked: Steps[] = [];
  const steps = new StepsAhead<number>({
    stepMs: STEP,
    endMs,
    startOf: (startMs) => startMs,
    fetch: async (range) => {
      asked.push(range);
      if (range.toMs - range.fromMs > longestMs) throw new VigieError(refuses, 'it is too much');
      const count = (range.toMs - range.fromMs) / STEP;
      const starts = Array.from({ length: count * perStep }, (_, index) => range.fromMs + (index % count) * STEP);
      return starts.toReversed();
    },
  });
  return { steps, asked };
}

describe('steps ahead', () => {
  it('are those of the range, and asked for once', async () => {
    const { steps, asked } = ahead(10 * HOUR);
    for (let toMs = 5 * STEP; toMs <= 10 * HOUR; toMs += 6 * STEP) {
      const taken = await steps.take({ fromMs: toMs - 5 * STEP, toMs }, never);
      expect(taken).toEqual([5, 4, 3, 2, 1].map((before) => toMs - before * STEP));
    }
    const span = 2000 * STEP;
    expect(asked).toEqual([
      { fromMs: 0, toMs: span, stepMs: STEP },
      { fromMs: span, toMs: 10 * HOUR, stepMs: STEP },
    ]);
  });

  it.each(['LOGS_TOO_MANY', 'LOGS_REFUSED'])('are asked for in smaller parts where there is %s', async (refuses) => {
    const { steps, asked } = ahead(10 * HOUR, { longestMs: HOUR, refuses });
    for (let toMs = STEP; toMs <= 10 * HOUR; toMs += STEP) {
      expect(await steps.take({ fromMs: toMs - STEP, toMs }, never)).toEqual([toMs - STEP]);
    }
    const tooLong = asked.filter(({ fromMs, toMs }) => toMs - fromMs > HOUR);
    expect(tooLong).toHaveLength(3);
    expect(asked.length).toBeLessThan(20);
  });

  it('are not asked for in parts that are smaller than what a rule asks for in its time', async () => {
    const { steps, asked } = ahead(10 * HOUR, { longestMs: 0 });
    await expect(steps.take({ fromMs: 0, toMs: 30 * STEP }, never)).rejects.toMatchObject({ code: 'LOGS_TOO_MANY' });
    expect(asked.length).toBeLessThan(10);
    expect(asked.at(-1)?.toMs).toBeLessThanOrEqual(30 * STEP);
  });

  it('are not asked for again of a store that does not answer', async () => {
    const { steps, asked } = ahead(10 * HOUR, { longestMs: 0, refuses: 'LOGS_UNREACHABLE' });
    await expect(steps.take({ fromMs: 0, toMs: STEP }, never)).rejects.toMatchObject({ code: 'LOGS_UNREACHABLE' });
    expect(asked).toHaveLength(1);
  });

  it('are an error where the range has more than a rule may have', async () => {
    const { steps } = ahead(HOUR, { perStep: 2000 });
    expect(await steps.take({ fromMs: 0, toMs: 40 * STEP }, never)).toHaveLength(80_000);
    await expect(steps.take({ fromMs: 0, toMs: 60 * STEP }, never)).rejects.toMatchObject({ code: 'LOGS_TOO_MANY' });
  });

  it('are those of a range further back, too, and of one further on', async () => {
    const { steps, asked } = ahead(HOUR);
    expect(await steps.take({ fromMs: HOUR, toMs: HOUR + STEP }, never)).toEqual([HOUR]);
    expect(await steps.take({ fromMs: 0, toMs: STEP }, never)).toEqual([0]);
    expect(await steps.take({ fromMs: 9 * HOUR, toMs: 9 * HOUR + STEP }, never)).toEqual([9 * HOUR]);
    expect(asked.map(({ fromMs }) => fromMs / HOUR)).toEqual([1, 0, 9]);
  });
});
