import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { startDeadline } from '../src/deadline.ts';
import { FakeClock } from '../src/fake-clock.ts';

describe('a deadline', () => {
  it('ends with the signal of its caller, and for its reason', async () => {
    const clock = new FakeClock();
    const caller = new AbortController();
    const { signal } = startDeadline(caller.signal, clock, 1000, 'late');
    const enough = new Error('enough');
    caller.abort(enough);
    await clock.advance(1000);
    expect(signal.reason).toBe(enough);
    expect(startDeadline(caller.signal, clock, 1000, 'late').signal.reason).toBe(enough);
  });

  it('ends after its time, and says why', async () => {
    const clock = new FakeClock();
    const { signal } = startDeadline(new AbortController().signal, clock, 1000, 'late');
    await clock.advance(999);
    expect(signal.aborted).toBe(false);
    await clock.advance(1);
    expect(signal.reason).toEqual(new Error('late'));
  });

  it('is the signal itself where there is no time', () => {
    const { signal } = new AbortController();
    expect(startDeadline(signal, new FakeClock(), undefined, 'late').signal).toBe(signal);
  });

  it('ends no more when it is cancelled', async () => {
    const clock = new FakeClock();
    const caller = new AbortController();
    const { signal, cancel } = startDeadline(caller.signal, clock, 1000, 'late');
    cancel();
    caller.abort();
    await clock.advance(1000);
    expect(signal.aborted).toBe(false);
  });

  it('is one listener of the signal, however many there are, and none when all are over', () => {
    const { signal } = new AbortController();
    const deadlines = Array.from({ length: 30 }, () => startDeadline(signal, new FakeClock(), 1000, 'late'));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    for (const { cancel } of deadlines) cancel();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
