import { describe, expect, it } from 'vitest';
import { PartialBudget } from '../../src/framing/partials.ts';
import { LogCursor } from '../../src/lane/log-cursor.ts';
import { Turns } from '../../src/lane/turns.ts';
import { TokenBucket } from '../../src/schedule/token-bucket.ts';
import { containerLog } from '../tail/generations.ts';

function cursor(name: string, ...buckets: TokenBucket[]): LogCursor {
  return new LogCursor(containerLog(`/${name}/0.log`), 1000, new PartialBudget(1000), buckets, 0);
}

describe('turns', () => {
  it('pass by a log whose rate is used up, until it has some again', () => {
    const turns = new Turns(100, undefined);
    const bucket = new TokenBucket(100, 100, 0);
    const slow = cursor('slow', bucket);
    bucket.take(200, 0);
    turns.offer(slow);
    expect(turns.next(0)?.item).toBe(slow);
    expect(turns.admits(slow, 0)).toBe(false);
    expect([turns.waiting, turns.nextWakeMs]).toEqual([1, 1010]);
    expect(turns.next(1009)).toBeUndefined();
    expect(turns.next(1010)?.item).toBe(slow);
    expect(turns.admits(slow, 1010)).toBe(true);
    expect(turns.waiting).toBe(0);
  });

  it('pass by a log of whose pod more may be learnt, until it is or the time is over', () => {
    const turns = new Turns(100, { heldUntilMs: () => 500 });
    const [told, late] = [cursor('told'), cursor('late')];
    for (const one of [told, late]) {
      turns.offer(one);
      expect(turns.next(0)?.item).toBe(one);
      expect(turns.admits(one, 0)).toBe(false);
      expect(one.isDelayed(0)).toBe(true);
    }
    turns.release(told);
    expect(told.isDelayed(0)).toBe(false);
    expect(turns.next(0)?.item).toBe(told);
    expect(turns.next(499)).toBeUndefined();
    expect(turns.next(500)?.item).toBe(late);
    expect(turns.admits(late, 500)).toBe(true);
  });

  it('hold a log back while records of it are underway, and give it its turn when they have arrived', () => {
    const turns = new Turns(100, undefined);
    const [first, other] = [cursor('first'), cursor('other')];
    const logs = new Set([first.log]);
    turns.sent(logs);
    turns.offer(first);
    expect(turns.isUnderway(first.log)).toBe(true);
    expect(turns.next(0)?.item).toBe(first);
    expect(turns.admits(first, 0)).toBe(false);
    expect(turns.waiting).toBe(1);
    expect(turns.admits(other, 0)).toBe(true);
    turns.arrived(new Set([other.log]));
    expect(turns.next(0)).toBeUndefined();
    turns.arrived(logs);
    expect(turns.waiting).toBe(0);
    expect(turns.next(0)?.item).toBe(first);
    expect(turns.admits(first, 0)).toBe(true);
  });

  it('forget a log that is gone, whatever it waits for', () => {
    const turns = new Turns(100, { heldUntilMs: (_log, nowMs) => nowMs + 10 });
    const [held, underway] = [cursor('held'), cursor('underway')];
    const logs = new Set([underway.log]);
    turns.sent(logs);
    for (const one of [held, underway]) {
      turns.offer(one);
      turns.next(0);
      expect(turns.admits(one, 0)).toBe(false);
    }
    expect(turns.waiting).toBe(2);
    turns.remove(held);
    turns.remove(underway);
    turns.arrived(logs);
    expect([turns.waiting, turns.nextWakeMs]).toEqual([0, Infinity]);
    expect(turns.next(1_000)).toBeUndefined();
  });
});
