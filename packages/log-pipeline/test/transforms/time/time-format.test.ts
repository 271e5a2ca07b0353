import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatInstant } from '../../../src/transforms/time/instant.ts';
import { recordTimeMs } from '../../../src/transforms/time/record-time.ts';
import { timeFormatOf } from '../../../src/transforms/time/time-format.ts';
import { UTC, zoneOf } from '../../../src/transforms/time/zone.ts';
import { SEEDED } from '../../kernel/seeded.ts';

const NEAR_MS = Date.UTC(2026, 10, 21);

function parse(
  name: string,
  text: string,
  { zone = 'UTC', nearMs = NEAR_MS, prefix = false } = {},
): string | undefined {
  const parsed = timeFormatOf(name);
  if (parsed.status === 'invalid') throw new Error(parsed.reason);
  const instant = parsed.format.parse(text, zoneOf(zone) ?? UTC, nearMs, prefix);
  return instant === undefined ? undefined : formatInstant(instant);
}

describe('timeFormatOf', () => {
  const times: [format: string, text: string, instant: string][] = [
    ['rfc3339', '2026-11-21T10:00:00Z', '2026-11-21T10:00:00Z'],
    ['rfc3339', '2026-11-21T10:00:00.123456789+02:00', '2026-11-21T08:00:00.123456789Z'],
    ['rfc3339', '2026-11-21 10:00:00,5', '2026-11-21T10:00:00.500Z'],
    ['rfc3339', '2026-11-21T10:00:00-0130', '2026-11-21T11:30:00Z'],
    ['rfc3339', '2016-12-31T23:59:60Z', '2017-01-01T00:00:00Z'],
    ['unix', '1795255200', '2026-11-21T10:00:00Z'],
    ['unix', '1795255200.000000001', '2026-11-21T10:00:00.000000001Z'],
    ['unix_ms', '1795255200123', '2026-11-21T10:00:00.123Z'],
    ['unix_us', '1795255200123456', '2026-11-21T10:00:00.123456Z'],
    ['unix_ns', '1795255200123456789', '2026-11-21T10:00:00.123456789Z'],
    ['unix_ns', '7', '1970-01-01T00:00:00.000000007Z'],
    ['clf', '21/Nov/2026:10:00:00 +0000', '2026-11-21T10:00:00Z'],
    ['nginx_error', '2026/11/21 10:00:00', '2026-11-21T10:00:00Z'],
    ['apache_error', 'Sat Nov 21 10:00:00.123456 2026', '2026-11-21T10:00:00.123456Z'],
    ['syslog', 'Nov  1 10:00:00', '2026-11-01T10:00:00Z'],
    ['syslog', 'Jan  1 00:00:01', '2026-01-01T00:00:01Z'],
    ['rfc2822', 'Sat, 21 Nov 2026 10:00:00 +0100', '2026-11-21T09:00:00Z'],
    ['klog', 'E1121 10:00:00.123456', '2026-11-21T10:00:00.123456Z'],
    ['%Y-%m-%d %H:%M:%S%.f %z', '2026-11-21 10:00:00.5 +0100', '2026-11-21T09:00:00.500Z'],
    ['%F %T', '2026-11-21 10:00:00', '2026-11-21T10:00:00Z'],
    ['%d %B %Y %I:%M %p', '21 November 2026 12:30 AM', '2026-11-21T00:30:00Z'],
    ['%m/%d/%y %I:%M:%S %p', '11/21/26 01:02:03 PM', '2026-11-21T13:02:03Z'],
    ['%s.%f', '1795255200.25', '2026-11-21T10:00:00.250Z'],
    ['[%d/%b/%Y:%T %z]', '[21/Nov/2026:10:00:00 +0000]', '2026-11-21T10:00:00Z'],
    ['%H:%M:%S %Z %d.%m.%Y', '10:00:00 UTC 21.11.2026', '2026-11-21T10:00:00Z'],
  ];
  it.each(times)('%s of %s', (format, text, instant) => {
    expect(parse(format, text)).toBe(instant);
  });

  const bad: [format: string, text: string][] = [
    ['rfc3339', ''],
    ['rfc3339', '2026-02-30T10:00:00Z'],
    ['rfc3339', '2026-11-21T24:00:00Z'],
    ['rfc3339', '2026-11-21T10:00:00Z '],
    ['rfc3339', '2026-11-21T10:00:00+25:00'],
    ['rfc3339', '1969-12-31T23:59:59Z'],
    ['unix', '-1'],
    ['unix', '99999999999999999999'],
    ['unix', '1e9'],
    ['clf', '21/Nov/2026:10:00:00'],
    ['klog', 'X1121 10:00:00.1'],
    ['syslog', 'Feb 30 10:00:00'],
    ['%Y-%m-%d %H:%M', '2026-13-01 10:00'],
    ['%d %B %Y %I:%M %p', '21 November 2026 13:30 AM'],
  ];
  it.each(bad)('%s refuses "%s"', (format, text) => {
    expect(parse(format, text)).toBeUndefined();
  });

  it.each([
    '',
    'iso',
    '%Q %d',
    '%Y',
    '%Y-%m-%d',
    '%H:%M:%S',
    '%d/%d %m %H:%M',
    '100% %d',
  ])('"%s" is no format', (name) => {
    expect(timeFormatOf(name).status).toBe('invalid');
  });

  it('takes the beginning of a message', () => {
    expect(parse('nginx_error', '2026/11/21 10:00:00 [error] 7#7', { prefix: true })).toBe('2026-11-21T10:00:00Z');
  });

  it('finds the year that a time without one was in', () => {
    expect(parse('syslog', 'Dec 31 23:59:59', { nearMs: Date.UTC(2027, 0, 1) })).toBe('2026-12-31T23:59:59Z');
    expect(parse('syslog', 'Jan  1 00:00:01', { nearMs: Date.UTC(2026, 11, 31, 23) })).toBe('2027-01-01T00:00:01Z');
    expect(parse('syslog', 'Feb 29 12:00:00', { nearMs: Date.UTC(2027, 1, 1) })).toBeUndefined();
    expect(parse('syslog', 'Feb 29 12:00:00', { nearMs: Date.UTC(2029, 1, 1) })).toBe('2028-02-29T12:00:00Z');
  });

  it('knows zones, and when they change their clocks', () => {
    const at = (text: string, zone: string) => parse('%F %T', text, { zone });
    expect(at('2026-07-01 12:00:00', '+02:00')).toBe('2026-07-01T10:00:00Z');
    expect(at('2026-07-01 12:00:00', 'Europe/Paris')).toBe('2026-07-01T10:00:00Z');
    expect(at('2026-12-01 12:00:00', 'Europe/Paris')).toBe('2026-12-01T11:00:00Z');
    expect(at('2026-03-29 01:59:59', 'Europe/Paris')).toBe('2026-03-29T00:59:59Z');
    expect(at('2026-03-29 03:00:00', 'Europe/Paris')).toBe('2026-03-29T01:00:00Z');
    expect(at('2026-10-25 02:30:00', 'Europe/Paris')).toBe('2026-10-25T00:30:00Z');
    expect(at('2026-10-25 03:00:00', 'Europe/Paris')).toBe('2026-10-25T02:00:00Z');
    expect(at('2026-07-01 12:00:00', 'Asia/Kolkata')).toBe('2026-07-01T06:30:00Z');
    expect(zoneOf('Mars/Olympus')).toBeUndefined();
  });

  it('reads in every zone what was written there', () => {
    const zones = [
      'America/New_York',
      'Europe/Paris',
      'Asia/Kolkata',
      'Australia/Lord_Howe',
      'Pacific/Apia',
      'America/Sao_Paulo',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...zones), fc.integer({ min: 0, max: 2 ** 31 }), (name, seconds) => {
        const shown = new Date(seconds * 1000).toLocaleString('sv-SE', { timeZone: name });
        const instant = parse('%F %T', shown, { zone: name });
        // Set back, a clock shows the same time twice.
        expect(new Date(instant ?? 0).toLocaleString('sv-SE', { timeZone: name })).toBe(shown);
      }),
      { ...SEEDED, numRuns: 1000 },
    );
  });

  it('takes any text as a time or as none', () => {
    const names = times.map(([format]) => format);
    const piece = fc.oneof(
      fc.constantFrom(...times.map(([, text]) => text)),
      fc.constantFrom(...' :/.,+-TZ0123456789'),
      fc.string({ maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.array(piece, { maxLength: 4 }), fc.boolean(), (name, parts, prefix) => {
        const instant = parse(name, parts.join(''), { prefix });
        if (instant !== undefined) expect(Date.parse(instant)).not.toBeNaN();
      }),
      { ...SEEDED, numRuns: 3000 },
    );
  });
});

describe('recordTimeMs', () => {
  it('is what Date.parse says', () => {
    const ms = fc.integer({ min: 0, max: Date.UTC(9999, 0) });
    const fraction = fc.stringMatching(/^\.\d{1,9}$/);
    const offset = fc.constantFrom('Z', '+00:00', '-05:00', '+05:30');
    fc.assert(
      fc.property(ms, fc.oneof(fc.constant(''), fraction), offset, (at, digits, zone) => {
        const text = `${new Date(at).toISOString().slice(0, 19)}${digits}${zone}`;
        const bytes = Buffer.from(`xx${text}yy`);
        expect(recordTimeMs(bytes, 2, text.length)).toBe(Date.parse(text));
      }),
      { ...SEEDED, numRuns: 2000 },
    );
    expect(recordTimeMs(Buffer.from('not a time'), 0, 10)).toBeUndefined();
  });
});
