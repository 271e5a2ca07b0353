import { describe, expect, it } from 'vitest';
import { Slots } from '../../src/context/slots.ts';

const never = new AbortController().signal;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('slots', () => {
  it('let so many work at a time, the others in the order in which they came', async () => {
    const slots = new Slots(2);
    const log: string[] = [];
    const ends: (() => void)[] = [];
    const work = (name: string) => () => {
      log.push(name);
      return new Promise<void>((resolve) => ends.push(resolve));
    };
    const all = ['a', 'b', 'c', 'd'].map((name) => slots.run(never, work(name)));
    await settled();
    expect(log).toEqual(['a', 'b']);
    ends.shift()?.();
    await settled();
    expect(log).toEqual(['a', 'b', 'c']);
    for (let round = 0; round < 3; round++) {
      for (const end of ends.splice(0)) end();
      await settled();
    }
    await Promise.all(all);
    expect(log).toEqual(['a', 'b', 'c', 'd']);
  });

  it('let go of who waits when its signal aborts, and of who fails', async () => {
    const slots = new Slots(1);
    const failing = slots.run(never, () => settled().then(() => Promise.reject(new Error('failed'))));
    const waiting = new AbortController();
    const late = slots.run(waiting.signal, () => Promise.resolve('late'));
    waiting.abort(new Error('over'));
    await expect(late).rejects.toThrow('over');
    await expect(failing).rejects.toThrow('failed');
    await expect(slots.run(never, () => Promise.resolve('next'))).resolves.toBe('next');
    await expect(slots.run(waiting.signal, () => Promise.resolve('no'))).rejects.toThrow('over');
  });
});
