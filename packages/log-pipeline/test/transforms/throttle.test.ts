import { describe, expect, it } from 'vitest';
import { Throttle } from '../../src/transforms/throttle.ts';
import { twinKernel } from '../kernel/kernels.ts';
import { factsOf } from '../sinks/facts.ts';
import { contextOf } from './context.ts';
import { batchOf, Counts, messagesOf, setTimes } from './harness.ts';

const CONFIG = {
  key: '{{ log.file.path }}',
  window: 1000,
  max_keys: 10,
  events: undefined,
  bytes: undefined,
  exclude: undefined,
};
const SECONDS = ['2026-11-21T10:00:00.1Z', '2026-11-21T10:00:00.9Z', '2026-11-21T10:00:01Z', '2026-11-21T10:00:01.5Z'];

function passing(throttle: Throttle, messages: readonly string[], times: readonly string[], path = '/a'): string[] {
  const batch = batchOf(twinKernel(), messages);
  setTimes(batch, times);
  throttle.apply(batch, contextOf({ facts: factsOf({ path }) }));
  return messagesOf(batch);
}

describe('Throttle', () => {
  it('lets so many records pass in each window of their own times', () => {
    const throttle = new Throttle({ ...CONFIG, events: 1 });
    expect(passing(throttle, ['a', 'b', 'c', 'd'], SECONDS)).toEqual(['a', 'c']);
    expect(passing(throttle, ['e'], ['2026-11-21T10:00:01.9Z'])).toEqual([]);
    expect(passing(throttle, ['f'], ['2026-11-21T10:00:02Z'])).toEqual(['f']);
  });

  it('lets so many bytes pass, one record at least', () => {
    const long = 'x'.repeat(100);
    const throttle = new Throttle({ ...CONFIG, bytes: 10 });
    expect(passing(throttle, [long, 'b', 'c', 'd'], SECONDS)).toEqual([long, 'c', 'd']);
  });

  it('has a window for each key', () => {
    const throttle = new Throttle({ ...CONFIG, events: 1 });
    const [time = ''] = SECONDS;
    expect(passing(throttle, ['a', 'b'], [time, time], '/a')).toEqual(['a']);
    expect(passing(throttle, ['a', 'b'], [time, time], '/b')).toEqual(['a']);
    const byMessage = new Throttle({ ...CONFIG, key: '{{ message }}', events: 1 });
    expect(passing(byMessage, ['a', 'b', 'a'], [time, time, time])).toEqual(['a', 'b']);
  });

  it('counts records that come late in the newest window', () => {
    const throttle = new Throttle({ ...CONFIG, key: 'all', events: 2 });
    expect(passing(throttle, ['new'], ['2026-11-21T10:00:05Z'], '/a')).toEqual(['new']);
    expect(passing(throttle, ['old', 'older'], ['2026-11-21T10:00:01Z', '2026-11-21T10:00:00Z'], '/b')).toEqual([
      'old',
    ]);
  });

  it('remembers as many keys as it may', () => {
    const throttle = new Throttle({ ...CONFIG, key: '{{ message }}', events: 1, max_keys: 2 });
    const [time = ''] = SECONDS;
    const messages = ['a', 'b', 'a', 'c', 'a', 'c'];
    expect(
      passing(
        throttle,
        messages,
        messages.map(() => time),
      ),
    ).toEqual(['a', 'b', 'c', 'a']);
  });

  it('neither drops nor counts what it is told to let pass', () => {
    const throttle = new Throttle({ ...CONFIG, events: 1, exclude: { fields: { message: 'x' } } });
    const [time = ''] = SECONDS;
    const batch = batchOf(twinKernel(), ['x', 'a', 'x', 'bb']);
    setTimes(batch, [time, time, time, time]);
    const counts = new Counts();
    throttle.apply(batch, counts.context);
    expect(messagesOf(batch)).toEqual(['x', 'a', 'x']);
    expect(counts.dropped).toEqual({ throttled: [1, 3] });
  });
});
