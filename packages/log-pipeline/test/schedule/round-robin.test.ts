import { describe, expect, it } from 'vitest';
import { RoundRobin } from '../../src/schedule/round-robin.ts';

const item = (name: string): { name: string } => ({ name });

describe('RoundRobin', () => {
  it('takes the one that has waited longest', () => {
    const queue = new RoundRobin<{ name: string }>(100);
    const [a, b] = [item('a'), item('b')];
    queue.offer(a);
    queue.offer(b);
    queue.offer(a);
    const order: string[] = [];
    for (let turn = 0; turn < 4; turn++) {
      const next = queue.next(0);
      if (next === undefined) break;
      order.push(next.item.name);
      queue.used(next.item, 100, true);
    }
    expect(order).toEqual(['a', 'b', 'a', 'b']);
    expect(queue.next(0)?.item).toBe(a);
  });

  it('gives equal bytes in the long run to logs whose lines are of unequal length', () => {
    const queue = new RoundRobin<{ name: string }>(1000);
    const read = new Map<string, number>();
    const chunk = new Map([
      ['short', 10],
      ['long', 700],
    ]);
    for (const name of chunk.keys()) queue.offer(item(name));
    for (let turn = 0; turn < 2000; turn++) {
      const next = queue.next(0);
      if (next === undefined) throw new Error('empty');
      const size = chunk.get(next.item.name) ?? 1;
      const bytes = Math.floor(next.allowanceBytes / size) * size;
      read.set(next.item.name, (read.get(next.item.name) ?? 0) + bytes);
      queue.used(next.item, bytes, true);
    }
    expect((read.get('long') ?? 0) / (read.get('short') ?? 1)).toBeCloseTo(1, 1);
  });

  it('leaves out who is parked until its time', () => {
    const queue = new RoundRobin<{ name: string }>(100);
    const a = item('a');
    queue.offer(a);
    expect(queue.next(0)?.item).toBe(a);
    queue.park(a, 50);
    queue.offer(a);
    expect(queue.next(49)).toBeUndefined();
    expect(queue.nextWakeMs()).toBe(50);
    expect(queue.next(50)?.item).toBe(a);
    expect(queue.nextWakeMs()).toBeUndefined();
  });

  it('leaves out who is parked though it was offered during its turn', () => {
    const queue = new RoundRobin<{ name: string }>(100);
    const a = item('a');
    queue.offer(a);
    queue.next(0);
    queue.offer(a);
    queue.park(a, 50);
    expect(queue.next(49)).toBeUndefined();
    expect(queue.next(50)?.item).toBe(a);
    queue.used(a, 10, false);
    expect(queue.next(60)).toBeUndefined();
  });

  it('forgets who is removed', () => {
    const queue = new RoundRobin<{ name: string }>(100);
    const a = item('a');
    queue.offer(a);
    queue.remove(a);
    expect(queue.next(0)).toBeUndefined();
    expect(queue.isEmpty).toBe(true);
  });

  it('forgets who is removed during its turn', () => {
    const queue = new RoundRobin<{ name: string }>(100);
    const a = item('a');
    for (const end of [() => queue.used(a, 10, true), () => queue.park(a, 50)]) {
      queue.offer(a);
      queue.next(0);
      queue.remove(a);
      end();
      expect(queue.next(100)).toBeUndefined();
      expect(queue.parked).toBe(0);
    }
  });
});
