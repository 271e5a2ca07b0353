import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { untilAborted } from '../src/until-aborted.ts';

describe('waiting until a signal aborts', () => {
  it('has what the work comes to, and hears the signal no more', async () => {
    const { signal } = new AbortController();
    const failure = new Error('no');
    expect(await untilAborted(Promise.resolve(1), signal)).toBe(1);
    await expect(untilAborted(Promise.reject(failure), signal)).rejects.toBe(failure);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('ends with the signal for its reason, before or meanwhile, whatever becomes of the work', async () => {
    const caller = new AbortController();
    let fail: (error: Error) => void = () => undefined;
    const work = new Promise<void>((_, reject) => {
      fail = reject;
    });
    const waits = Array.from({ length: 12 }, () => untilAborted(work, caller.signal));
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(1);
    const enough = new Error('enough');
    caller.abort(enough);
    const results = await Promise.allSettled([...waits, untilAborted(work, caller.signal)]);
    expect(results).toEqual(Array.from({ length: 13 }, () => ({ status: 'rejected', reason: enough })));
    fail(new Error('too late'));
  });
});
