import { expect, it } from 'vitest';
import { FakeClock } from '../src/fake-clock.ts';
import { countReload, countsAtStart } from '../src/reload-counts.ts';

it('counts what was taken up and what was refused, and knows which is in force', async () => {
  const clock = new FakeClock(1000);
  const counts = countsAtStart(clock);
  expect(counts).toEqual({ succeeded: 0, failed: 0, isInForce: true, atMs: 1000 });
  await clock.advance(500);
  await expect(countReload(counts, clock, () => Promise.reject(new Error('no such key')))).rejects.toThrow(
    'no such key',
  );
  expect(counts).toEqual({ succeeded: 0, failed: 1, isInForce: false, atMs: 1000 });
  await countReload(counts, clock, async () => undefined);
  expect(counts).toEqual({ succeeded: 1, failed: 1, isInForce: true, atMs: 1500 });
});
