import { describe, expect, it } from 'vitest';
import { paint, plain } from '../../src/terminal/style.ts';
import { textWidth } from '../../src/terminal/text-width.ts';
import { levelColour, recordLine } from '../../src/up/record-line.ts';
import { tappedRecord } from './entries.ts';

describe('recordLine', () => {
  it('says more of where a record is from on a wider terminal', () => {
    const record = tappedRecord({ message: 'GET / HTTP/1.1' });
    expect([50, 80, 120, 180].map((columns) => recordLine(record, columns, plain))).toEqual([
      '10:00:00.123 │ GET / HTTP/1.1',
      '10:00:00.123 shop/nginx         │ GET / HTTP/1.1',
      '10:00:00.123 web-7c5d9f8b6d-x2x9q nginx     │ GET / HTTP/1.1',
      '10:00:00.123 shop/web-7c5d9f8b6d-x2x9q nginx                  │ GET / HTTP/1.1',
    ]);
  });

  it('is one line of at most the given width, whatever the message holds', () => {
    const messages = ['x'.repeat(5000), '状'.repeat(500), 'a\nb\r\x1b[2Jc', '\u202e'.repeat(300)];
    for (const columns of [1, 20, 80, 200]) {
      for (const message of messages) {
        const line = recordLine(tappedRecord({ message }), columns, plain);
        expect(line).not.toMatch(/\p{Cc}/u);
        if (columns >= 20) expect(textWidth(line)).toBeLessThanOrEqual(columns);
      }
    }
  });

  it('marks stderr with a heavy bar', () => {
    expect(recordLine(tappedRecord({ stream: 'stderr', message: 'm' }), 50, plain)).toBe('10:00:00.123 ┃ m');
  });

  it('names the file where the path says nothing of a pod', () => {
    const record = tappedRecord({
      namespace: undefined,
      pod: undefined,
      container: undefined,
      path: '/srv/app/out.log',
    });
    expect(recordLine(record, 80, plain)).toBe('10:00:00.123 out.log            │ hello');
  });

  it('shows the time of day as the record has it', () => {
    const times = ['2026-11-21T10:00:00Z', '2026-11-21T10:00:00.5-05:00', ''];
    expect(times.map((time) => recordLine(tappedRecord({ time }), 50, plain).slice(0, 12))).toEqual([
      '10:00:00.000',
      '10:00:00.500',
      '--:--:--.000',
    ]);
  });

  it('gives a container one colour and an error another', () => {
    const [first, second] = ['INFO a', 'ERROR b'].map((message) => recordLine(tappedRecord({ message }), 80, paint));
    const beforeBar = (line = ''): string => line.slice(0, line.indexOf('│'));
    expect(beforeBar(first)).toContain('\x1b[95mshop/nginx');
    expect(beforeBar(second)).toBe(beforeBar(first));
    expect(second).toContain('\x1b[31mERROR b\x1b[0m');
  });
});

describe('levelColour', () => {
  const cases: readonly [string, ReturnType<typeof levelColour>][] = [
    ['{"time":"…","level":"error","msg":"x"}', 'red'],
    ['{"level":"info","msg":"no error"}', undefined],
    ['level=warn msg="slow"', 'yellow'],
    ['E1121 10:00:00.000000       1 controller.go:1] boom', 'red'],
    ['2026-11-21 10:00:00,123 WARN  [pool-3] c.e.Worker - slow', 'yellow'],
    ['2026/11/21 10:00:00 [error] 29#29: connect() failed', 'red'],
    ['10.0.0.1 - - [21/Nov/2026:10:00:00 +0000] "GET /error HTTP/1.1" 200 5 "-" "curl"', undefined],
    ['10.0.0.1 - - [21/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 502 5 "-" "curl"', 'red'],
    ['10.0.0.1 - - [21/Nov/2026:10:00:00 +0000] "GET / HTTP/2.0" 404 5 "-" "curl"', 'yellow'],
    ['com.example.RenderException: template has no field', 'red'],
    ['DEBUG checksums', 'dim'],
    ['an error occurred', undefined],
  ];
  it.each(cases)('%s', (message, colour) => {
    expect(levelColour(message)).toBe(colour);
  });
});
