import { describe, expect, it } from 'vitest';
import { parseCronSchedule } from '../../src/kube-state/cron-schedule.ts';

function nextOf(schedule: string, after: string, zone = ''): string | undefined {
  const nextMs = parseCronSchedule(schedule, zone)?.next(Date.parse(after));
  return nextMs === undefined ? undefined : new Date(nextMs).toISOString().replace('.000Z', 'Z');
}

describe('a schedule is due next', () => {
  it.each([
    ['*/15 * * * *', '2026-07-09T14:45:00Z', '2026-07-09T15:00:00Z'],
    ['*/15 * * * *', '2026-07-09T14:59:59.9Z', '2026-07-09T15:00:00Z'],
    ['20-35/15 * * * *', '2026-07-09T15:45:00Z', '2026-07-09T16:20:00Z'],
    // Without an end, a step goes on to the end of the field.
    ['5/20 * * * *', '2026-07-09T00:06:00Z', '2026-07-09T00:25:00Z'],
    ['0 4,16 * * *', '2026-07-09T04:00:00Z', '2026-07-09T16:00:00Z'],
    ['0 0 9 Apr-Oct ?', '2026-07-09T23:35:00Z', '2026-08-09T00:00:00Z'],
    ['0 0 1 1 *', '2026-12-31T23:59:59Z', '2027-01-01T00:00:00Z'],
    ['0 0 29 2 *', '2026-03-01T00:00:00Z', '2028-02-29T00:00:00Z'],
    ['@hourly', '2026-11-30T12:34:56Z', '2026-11-30T13:00:00Z'],
    ['@midnight', '2026-11-30T12:34:56Z', '2026-12-01T00:00:00Z'],
    ['@weekly', '2026-11-30T12:34:56Z', '2026-12-06T00:00:00Z'],
    ['@yearly', '2026-11-30T12:34:56Z', '2027-01-01T00:00:00Z'],
    ['@every 1h30m', '2026-11-30T12:00:00.5Z', '2026-11-30T13:30:00Z'],
    ['@every 100ms', '2026-11-30T12:00:00Z', '2026-11-30T12:00:01Z'],
  ])('%s after %s at %s', (schedule, after, expected) => {
    expect(nextOf(schedule, after)).toBe(expected);
  });

  it.each([
    // 2026-11-01 is a Sunday.
    ['0 0 1,15 * Mon', '2026-11-02T00:00:00Z'],
    ['0 0 15 * *', '2026-11-15T00:00:00Z'],
    ['0 0 * * Mon', '2026-11-02T00:00:00Z'],
    // With a step a star is none.
    ['0 0 */2 * Mon', '2026-11-02T00:00:00Z'],
    ['0 0 */1 * Mon', '2026-11-02T00:00:00Z'],
    ['0 0 * * */2', '2026-11-03T00:00:00Z'],
  ])('%s by days of the month, of the week, or either, at %s', (schedule, expected) => {
    expect(nextOf(schedule, '2026-11-01T00:00:00Z')).toBe(expected);
  });

  it.each([
    ['0 5 * * *', 'Asia/Tokyo', '2026-11-30T00:00:00Z', '2026-11-30T20:00:00Z'],
    // Half past two is left out that night.
    ['30 2 * * *', 'Europe/Paris', '2026-03-28T12:00:00Z', '2026-03-30T00:30:00Z'],
    // It comes twice.
    ['30 2 * * *', 'Europe/Paris', '2026-10-24T12:00:00Z', '2026-10-25T00:30:00Z'],
    ['30 2 * * *', 'Europe/Paris', '2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'],
    ['30 2 * * *', 'Europe/Paris', '2026-10-25T01:30:00Z', '2026-10-26T01:30:00Z'],
    // Midnight was left out there on 2018-11-04.
    ['0 0 * * *', 'America/Sao_Paulo', '2018-11-03T12:00:00Z', '2018-11-05T02:00:00Z'],
    ['0 0 4 * *', 'America/Sao_Paulo', '2018-11-02T12:00:00Z', '2018-12-04T02:00:00Z'],
    ['0 12 * * *', 'Asia/Kathmandu', '2026-11-30T00:00:00Z', '2026-11-30T06:15:00Z'],
  ])('%s in %s after %s at %s', (schedule, zone, after, expected) => {
    expect(nextOf(schedule, after, zone)).toBe(expected);
    expect(nextOf(`CRON_TZ=${zone} ${schedule}`, after)).toBe(expected);
  });

  it('never, where no day is like that, or none within five years', () => {
    expect(nextOf('0 0 31 2 *', '2026-01-01T00:00:00Z')).toBeUndefined();
    expect(nextOf('0 0 29 2 *', '2096-03-01T00:00:00Z')).toBeUndefined();
    expect(nextOf(', * * * *', '2026-01-01T00:00:00Z', 'Europe/Paris')).toBeUndefined();
  });
});

it.each([
  '* * * *',
  '* * * * * *',
  '60 * * * *',
  '* * 0 * *',
  '* * * * 7',
  '* * * Foo *',
  '*/0 * * * *',
  '5-3 * * * *',
  '-5 * * * *',
  '1-2-3 * * * *',
  '1/2/3 * * * *',
  '@often',
  'constructor',
  '@every now',
  '',
])('%j is no schedule', (schedule) => {
  expect(parseCronSchedule(schedule, '')).toBeUndefined();
});

it('is none in a time zone that nobody knows', () => {
  expect(parseCronSchedule('@daily', 'Mars/Olympus')).toBeUndefined();
});
