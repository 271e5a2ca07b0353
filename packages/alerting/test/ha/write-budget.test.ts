import { FakeClock } from '@vigie/core/fake-clock';
import { describe, expect, it } from 'vitest';
import { WriteBudget } from '../../src/ha/write-budget.ts';
import { SECOND } from '../lab.ts';

const never = new AbortController().signal;

describe('a budget of writes', () => {
  it('allows a burst, then so many a second, and a burst again after a pause', async () => {
    const clock = new FakeClock();
    const budget = new WriteBudget({ perSecond: 4, burst: 8 }, clock);
    let writes = 0;
    const writing = (async () => {
      for (; writes < 40; writes++) await budget.take(never);
    })();
    await clock.advance(0);
    expect(writes).toBe(8);
    await clock.advance(SECOND);
    expect(writes).toBe(12);
    await clock.advance(7 * SECOND);
    expect(writes).toBe(40);
    await writing;
    await clock.advance(60 * SECOND);
    for (let burst = 0; burst < 8; burst++) await budget.take(never);
  });

  it('ends its wait with the signal', async () => {
    const clock = new FakeClock();
    const budget = new WriteBudget({ perSecond: 1, burst: 1 }, clock);
    await budget.take(never);
    await expect(budget.take(AbortSignal.abort(new Error('closed')))).rejects.toThrow('closed');
  });
});
