import { FakeClock } from '@vigie/core/fake-clock';
import { expect, it } from 'vitest';
import { withGrace } from '../../src/agent/grace.ts';

/** Ends when it is told to give up. */
const untilGivenUp = (grace: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (grace.aborted) resolve();
    else grace.addEventListener('abort', () => resolve(), { once: true });
  });

it('lets what ends in time end, and leaves nothing behind', async () => {
  const clock = new FakeClock();
  let given: AbortSignal | undefined;
  await withGrace(1_000, clock, new AbortController().signal, async (grace) => {
    given = grace;
  });
  expect(given?.aborted).toBe(false);
  expect(clock.pendingTimers).toBe(0);
});

it('tells what takes longer to give up', async () => {
  const clock = new FakeClock();
  let reason: unknown;
  const ended = withGrace(1_000, clock, new AbortController().signal, async (grace) => {
    await untilGivenUp(grace);
    reason = grace.reason;
  });
  await clock.advance(999);
  expect(reason).toBeUndefined();
  await clock.advance(1);
  await ended;
  expect(reason).toMatchObject({ name: 'TimeoutError' });
});

it.each(['before', 'meanwhile'] as const)('tells it too when somebody else is out of patience %s', async (when) => {
  const clock = new FakeClock();
  const outer = new AbortController();
  if (when === 'before') outer.abort('no time');
  let reason: unknown;
  const ended = withGrace(1_000, clock, outer.signal, async (grace) => {
    await untilGivenUp(grace);
    reason = grace.reason;
  });
  outer.abort('no time');
  await ended;
  expect(reason).toBe('no time');
  expect(clock.pendingTimers).toBe(0);
});

it('passes on what went wrong', async () => {
  const clock = new FakeClock();
  await expect(
    withGrace(1_000, clock, new AbortController().signal, () => Promise.reject(new Error('EIO'))),
  ).rejects.toThrow('EIO');
  expect(clock.pendingTimers).toBe(0);
});
