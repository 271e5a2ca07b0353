import { describe, expect, it } from 'vitest';
import { type QueryOptions, queryRequest } from '../../src/query/request.ts';

const NOW = Date.UTC(2026, 10, 29, 10);

describe('queryRequest', () => {
  it('asks for an instant, by default at the time of the server', () => {
    expect(queryRequest('up', {}, NOW)).toEqual({ type: 'instant', promql: 'up', timeMs: undefined });
    expect(queryRequest('up', { time: 'now-1m' }, NOW)).toMatchObject({ timeMs: NOW - 60_000 });
  });

  it('asks for a range from --start until now, in 250 steps of whole seconds', () => {
    expect(queryRequest('up', { start: 'now-1h' }, NOW)).toEqual({
      type: 'range',
      promql: 'up',
      range: { startMs: NOW - 3_600_000, endMs: NOW, stepMs: 15_000 },
    });
    expect(queryRequest('up', { start: 'now-5s' }, NOW)).toMatchObject({ range: { stepMs: 1000 } });
    expect(queryRequest('up', { start: '1', end: '3', step: '500ms' }, NOW)).toMatchObject({
      range: { startMs: 1000, endMs: 3000, stepMs: 500 },
    });
  });

  const bad: readonly [QueryOptions, RegExp][] = [
    [{ time: 'noon' }, /^--time: expected a time such as 2026-11-29T10:00:00Z, 1764410400 or now-1h, got noon$/],
    [{ start: 'noon' }, /^--start: expected a time/],
    [{ start: '1', end: 'noon' }, /^--end: expected a time/],
    [{ start: '3', end: '1' }, /^--end is before --start$/],
    [{ start: '1', step: '0s' }, /^--step: expected a duration such as 15s, or seconds, above 0, got 0s$/],
    [{ end: '1' }, /--start is missing$/],
    [{ step: '15s' }, /--start is missing$/],
    [{ start: '1', time: '1' }, /leave one out$/],
  ];
  it.each(bad)('refuses %j', (options, message) => {
    expect(() => queryRequest('up', options, NOW)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) }),
    );
  });
});
