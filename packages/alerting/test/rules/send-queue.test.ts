import { FakeClock } from '@vigie/core/fake-clock';
import { describe, expect, it } from 'vitest';
import { type BatchOutcome, SendQueue } from '../../src/rules/send-queue.ts';

function queueOf(outcomes: BatchOutcome[], capacity = 6) {
  const clock = new FakeClock();
  const sent: (readonly number[])[] = [];
  const send = async (batch: readonly number[]): Promise<BatchOutcome> => {
    await clock.sleep(10);
    sent.push(batch);
    return outcomes.shift() ?? 'sent';
  };
  const queue = new SendQueue<number>({ capacity, batchSize: 2, send }, { clock, random: () => 0.5 });
  return { queue, clock, sent };
}

describe('a send queue', () => {
  it('sends in order and in batches', async () => {
    const { queue, clock, sent } = queueOf([]);
    expect(queue.push([1, 2, 3])).toBe(3);
    queue.push([4]);
    await clock.advance(100);
    expect(sent).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect([queue.length, queue.counts.sent]).toEqual([0, 4]);
  });

  it('takes no more than there is room for, with what is under way', async () => {
    const { queue, clock } = queueOf([]);
    expect(queue.push([1, 2, 3, 4, 5])).toBe(5);
    expect(queue.push([6, 7])).toBe(1);
    await clock.advance(1000);
    expect(queue.push([7])).toBe(1);
  });

  it('takes more than a call may have arguments', () => {
    const { queue } = queueOf([], 200_000);
    expect(queue.push(Array.from({ length: 200_000 }, (_, index) => index))).toBe(200_000);
  });

  it('drops the oldest where it is asked to take all, and counts them', async () => {
    const { queue, clock, sent } = queueOf([], 3);
    queue.pushOver([1, 2, 3, 4, 5]);
    queue.pushOver([6, 7]);
    await clock.advance(100);
    expect(sent.flat()).toEqual([3, 4, 5, 6, 7]);
    expect(queue.counts.overflowed).toBe(2);
  });

  it('sends a batch again until it is taken, before any other', async () => {
    const { queue, clock, sent } = queueOf(['retry', 'retry', 'sent']);
    queue.push([1, 2, 3]);
    await clock.advance(10_000);
    expect(sent).toEqual([[1, 2], [1, 2], [1, 2], [3]]);
    expect(queue.counts).toEqual({ sent: 3, refused: 0, overflowed: 0, retries: 2 });
  });

  it('counts what the receiver will not take', async () => {
    const { queue, clock } = queueOf(['dropped']);
    queue.push([1, 2, 3]);
    await clock.advance(100);
    expect(queue.counts).toMatchObject({ sent: 1, refused: 2 });
  });

  it('sends what waits when it is closed, for as long as may be', async () => {
    const { queue, clock, sent } = queueOf([]);
    queue.push([1, 2, 3]);
    const closed = queue.close({ graceMs: 1000 });
    await clock.advance(100);
    await closed;
    expect(sent.flat()).toEqual([1, 2, 3]);
    const other = queueOf(Array.from({ length: 1000 }, () => 'retry'));
    other.queue.push([1, 2, 3]);
    const overdue = other.queue.close({ graceMs: 1000 });
    await other.clock.advance(1000);
    await overdue;
    expect(other.queue.counts.overflowed).toBe(3);
  });
});
