import { describe, expect, it } from 'vitest';
import { paint, plain } from '../../src/terminal/style.ts';
import { frameText, renderFrame, type ScreenState } from '../../src/up/screen.ts';
import { ledgerEntry, tappedRecord } from './entries.ts';

const STATE: ScreenState = {
  records: [
    tappedRecord({ message: '10.0.0.1 - - [21/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 612' }),
    tappedRecord({
      pod: 'shop-api-0',
      container: 'api',
      stream: 'stderr',
      message: '{"level":"error","msg":"declined"}',
    }),
  ],
  notes: [{ level: 'warn', text: 'demo container api cannot write: disk full' }],
  ledger: [ledgerEntry({ readBytes: 500, readRecords: 5, ackedBytes: 500, ackedRecords: 5 })],
  problems: [],
  recordsPerSecond: 41.4,
  uptimeMs: 192_000,
  url: 'http://127.0.0.1:7070',
  route: 'demo workloads → vigie-data/records/logs.ndjson',
};

describe('renderFrame', () => {
  it('draws records and notes to scroll, and a footer to stay', () => {
    expect(renderFrame(STATE, { columns: 81, rows: 24 }, plain)).toEqual({
      tail: [
        '10:00:00.123 shop/nginx         │ 10.0.0.1 - - [21/Nov/2026:10:00:00 +0000] "GE…',
        '10:00:00.123 shop-api-0 api     ┃ declined',
        'vigie: demo container api cannot write: disk full',
      ],
      footer: [
        '── vigie ── http://127.0.0.1:7070 ── 00:03:12 ── 41 records/s ──────────────────',
        'source → sink  read  bytes  acked  bytes  in flight  dropped  lost  lag  adds up',
        'pods → files      5  500 B      5  500 B        0 B      0 B   0 B  0 B        ✓',
        "PromQL below /prometheus · vigie query 'rate(vigie_agent_read_bytes_total[1m])'",
        'demo workloads → vigie-data/records/logs.ndjson · Ctrl-C stops',
      ],
    });
  });

  it('says what keeps the agent from being ready', () => {
    const { footer } = renderFrame(
      { ...STATE, problems: ['sink es is held: credentials'] },
      { columns: 81, rows: 24 },
      plain,
    );
    expect(footer.at(-3)).toBe('! sink es is held: credentials');
  });

  it('leaves rows to the tail on a low terminal', () => {
    expect(renderFrame(STATE, { columns: 81, rows: 6 }, plain).footer).toHaveLength(2);
    expect(renderFrame(STATE, { columns: 81, rows: 1 }, plain).footer).toHaveLength(1);
  });
});

it('names the address in the command where it is not the default', () => {
  const state = { ...STATE, url: 'http://[::1]:9999' };
  expect(renderFrame(state, { columns: 120, rows: 24 }, plain).footer.at(-2)).toContain(
    "vigie query --url http://[::1]:9999 'rate(",
  );
});

describe('frameText', () => {
  const frame = { tail: ['t1', 't2'], footer: ['f1', 'f2'] };

  it('writes the first frame below what is there', () => {
    expect(frameText([], frame, 80)).toBe('\x1b[?2026ht1\nt2\nf1\nf2\n\x1b[?2026l');
  });

  it('takes the place of the footer before it', () => {
    expect(frameText(['f1', 'f2'], frame, 80)).toBe('\x1b[?2026h\x1b[2A\r\x1b[0Jt1\nt2\nf1\nf2\n\x1b[?2026l');
  });

  it('erases the rows that a footer takes since the terminal became narrower', () => {
    const footer = [paint('x'.repeat(80), 'bold'), 'short'];
    expect(frameText(footer, frame, 40)).toContain('\x1b[3A');
  });
});
