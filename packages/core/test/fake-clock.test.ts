import { describe, expect, it } from 'vitest';
import { FakeClock } from '../src/fake-clock.ts';

describe('FakeClock', () => {
  it('fires what falls due in order of time, at that time', async () => {
    const clock = new FakeClock(1_000_000);
    const fired: [string, number][] = [];
    clock.setTimer(30, () => fired.push(['late', clock.nowMs()]));
    clock.setTimer(10, () => fired.push(['early', clock.nowMs()]));
    clock.setTimer(10, () => fired.push(['early, set second', clock.nowMs()]));
    clock.setTimer(31, () => fired.push(['not yet', clock.nowMs()]));
    await clock.advance(30);
    expect(fired).toEqual([
      ['early', 1_000_010],
      ['early, set second', 1_000_010],
      ['late', 1_000_030],
    ]);
    expect(clock.pendingTimers).toBe(1);
    expect(clock.monotonicMs()).toBe(30);
  });

  it('lets a loop that sleeps go round as often as the time allows', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    let rounds = 0;
    const loop = (async () => {
      for (;;) {
        await clock.sleep(100, stop.signal);
        rounds++;
      }
    })();
    await clock.advance(1_050);
    expect(rounds).toBe(10);
    stop.abort();
    await expect(loop).rejects.toThrow();
    expect(clock.pendingTimers).toBe(0);
  });
});
