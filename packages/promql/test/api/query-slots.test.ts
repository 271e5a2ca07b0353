import { FakeClock } from '@vigie/core/fake-clock';
import { expect, it } from 'vitest';
import { QueryCounts } from '../../src/api/query-counts.ts';
import { QuerySlots } from '../../src/api/query-slots.ts';

const never = new AbortController().signal;

interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

function deferred(): Deferred {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

function slotsOf(maxConcurrent: number) {
  const clock = new FakeClock();
  const counts = new QueryCounts(() => {});
  return { clock, counts, slots: new QuerySlots(maxConcurrent, clock, counts) };
}

it('runs as many queries as it may, and others in the order in which they came', async () => {
  const { clock, counts, slots } = slotsOf(1);
  const gates = [deferred(), deferred(), deferred()];
  const order: number[] = [];
  const runs = gates.map(({ promise }, index) =>
    slots.run(10_000, never, async ({ timeoutMs, queuedMs }) => {
      order.push(index);
      await promise;
      return [timeoutMs, queuedMs];
    }),
  );
  await clock.advance(100);
  expect(order).toEqual([0]);
  expect(counts).toMatchObject({ running: 1, waiting: 2 });
  gates[0]?.resolve();
  await clock.advance(100);
  expect(order).toEqual([0, 1]);
  gates[1]?.resolve();
  gates[2]?.resolve();
  expect(await Promise.all(runs)).toEqual([
    [10_000, 0],
    [9900, 100],
    [9800, 200],
  ]);
  expect(counts).toMatchObject({ running: 0, waiting: 0 });
  expect(clock.pendingTimers).toBe(0);
});

it('a query that waits too long ends with a timeout, and its place goes to nobody', async () => {
  const { clock, counts, slots } = slotsOf(1);
  const gate = deferred();
  const first = slots.run(1000, never, () => gate.promise);
  const second = slots.run(1000, never, async () => {}).catch((error: unknown) => error);
  await clock.advance(1000);
  expect(await second).toMatchObject({ type: 'timeout', message: 'query timed out in query queue' });
  gate.resolve();
  await first;
  expect(counts).toMatchObject({ running: 0, waiting: 0 });
});

it('a query whose client goes while it waits is canceled', async () => {
  const { slots } = slotsOf(1);
  const gate = deferred();
  const first = slots.run(1000, never, () => gate.promise);
  const controller = new AbortController();
  const second = slots.run(1000, controller.signal, async () => {}).catch((error: unknown) => error);
  controller.abort();
  expect(await second).toMatchObject({ type: 'canceled', message: 'query was canceled in query queue' });
  const third = slots.run(1000, controller.signal, async () => {}).catch((error: unknown) => error);
  expect(await third).toMatchObject({ type: 'canceled' });
  gate.resolve();
  await first;
});

it('a query that fails gives its place back', async () => {
  const { counts, slots } = slotsOf(1);
  await expect(slots.run(1000, never, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(counts.running).toBe(0);
  await expect(slots.run(1000, never, async () => 'yes')).resolves.toBe('yes');
});
