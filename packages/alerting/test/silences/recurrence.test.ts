import { describe, expect, it } from 'vitest';
import { recurrenceProblem, recursAt } from '../../src/silences/recurrence.ts';

const at = (text: string, time: string): boolean => recursAt(text, Date.parse(time));

describe('a silence that recurs', () => {
  it.each([
    ['sunday 02:00-04:00', '2026-11-29T02:00:00Z', true],
    ['sunday 02:00-04:00', '2026-11-29T04:00:00Z', false],
    ['sunday 02:00-04:00', '2026-11-30T03:00:00Z', false],
    ['02:00-04:00 monday,sunday', '2026-11-30T03:00:00Z', true],
    ['saturday:sunday', '2026-11-28T12:00:00Z', false],
    ['saturday', '2026-11-28T12:00:00Z', true],
    ['friday:saturday 22:00-24:00,00:00-01:00', '2026-11-28T00:30:00Z', true],
    ['1:7 tuesday', '2026-12-01T12:00:00Z', true],
    ['1:7 tuesday', '2026-12-08T12:00:00Z', false],
    ['-1', '2026-11-30T12:00:00Z', true],
    ['november:december', '2026-11-30T12:00:00Z', true],
    ['november:december', '2027-01-30T12:00:00Z', false],
    ['02:00-04:00 Europe/Paris', '2026-11-29T01:30:00Z', true],
    ['02:00-04:00 UTC', '2026-11-29T01:30:00Z', false],
  ])('%s holds at %s: %s', (text, time, expected) => {
    if (text === 'saturday:sunday') expect(recurrenceProblem(text)).toBe('start day cannot be before end day');
    expect(at(text, time)).toBe(expected);
  });

  it('follows the clock of its place through the change to winter', () => {
    const minutes = Array.from(
      { length: 12 * 60 },
      (_, minute) => Date.parse('2026-10-25T00:00:00Z') + minute * 60_000,
    );
    expect(minutes.filter((timeMs) => recursAt('02:00-03:00 Europe/Paris', timeMs))).toHaveLength(120);
  });

  it.each([
    ['', /^expected times such as/],
    ['someday', /^someday: expected days such as/],
    ['04:00-02:00', /^start time cannot be equal or greater than end time$/],
    ['25:00-26:00', /^couldn't parse timestamp 25:00/],
    ['32', /^32 is not a valid day of the month/],
    ['monday tuesday', /^tuesday: one of its kind is there already/],
    ['Europe/Atlantis', /^Europe\/Atlantis: expected/],
    ['monday,02:00-04:00', /^monday,02:00-04:00: expected/],
  ])('is refused where its times are none: %s', (text, problem) => {
    expect(recurrenceProblem(text)).toMatch(problem);
    expect(at(text, '2026-11-29T02:00:00Z')).toBe(false);
  });
});
