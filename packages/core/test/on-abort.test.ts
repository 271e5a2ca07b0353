import { describe, expect, it, onTestFinished } from 'vitest';
import { onAbort } from '../src/on-abort.ts';

/** What Node warns of until the test is over. */
function warnings(): readonly Error[] {
  const warned: Error[] = [];
  const take = (warning: Error): void => void warned.push(warning);
  process.on('warning', take);
  onTestFinished(() => void process.off('warning', take));
  return warned;
}

describe('the end of a signal', () => {
  it('is told to all that wait for it, in their order, and once', () => {
    const controller = new AbortController();
    const told: string[] = [];
    for (const name of ['a', 'b', 'c']) onAbort(controller.signal, () => told.push(name));
    controller.abort();
    controller.abort();
    expect(told).toEqual(['a', 'b', 'c']);
  });

  it('is not told to who took it back, before or while others are told', () => {
    const controller = new AbortController();
    const told: string[] = [];
    const before = onAbort(controller.signal, () => told.push('before'));
    onAbort(controller.signal, () => {
      told.push('first');
      meanwhile();
    });
    const meanwhile = onAbort(controller.signal, () => told.push('meanwhile'));
    onAbort(controller.signal, () => told.push('last'));
    before();
    before();
    controller.abort();
    expect(told).toEqual(['first', 'last']);
  });

  it('is told again to who waits anew, also by the same function', () => {
    const controller = new AbortController();
    let told = 0;
    const end = (): void => void told++;
    onAbort(controller.signal, end)();
    onAbort(controller.signal, end);
    onAbort(controller.signal, end);
    controller.abort();
    expect(told).toBe(2);
  });

  it('is no leak to Node, however many wait, and nobody listens when nobody waits', async () => {
    const warned = warnings();
    const controller = new AbortController();
    const { signal } = controller;
    let listeners = 0;
    signal.addEventListener = new Proxy(signal.addEventListener, {
      apply: (target, self, given) => {
        listeners++;
        return Reflect.apply(target, self, given);
      },
    });
    signal.removeEventListener = new Proxy(signal.removeEventListener, {
      apply: (target, self, given) => {
        listeners--;
        return Reflect.apply(target, self, given);
      },
    });
    const leaves = Array.from({ length: 1000 }, () => onAbort(signal, () => undefined));
    expect(listeners).toBe(1);
    for (const leave of leaves) leave();
    expect(listeners).toBe(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(warned).toEqual([]);
  });
});
