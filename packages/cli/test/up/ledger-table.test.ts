import { describe, expect, it } from 'vitest';
import { plain } from '../../src/terminal/style.ts';
import { textWidth } from '../../src/terminal/text-width.ts';
import { ledgerLine, ledgerTable, unaccountedBytes } from '../../src/up/ledger-table.ts';
import { ledgerEntry } from './entries.ts';

const BUSY = ledgerEntry({
  readBytes: 1_934_000,
  readRecords: 12_345,
  ackedBytes: 1_900_000,
  ackedRecords: 12_100,
  inFlightBytes: 31_000,
  droppedBytes: { rejected: 3_000 },
  lagBytes: 43_210,
});

describe('ledgerTable', () => {
  it('shows every figure where there is room', () => {
    expect(ledgerTable([BUSY, ledgerEntry({ sink: 'es' })], 120, plain)).toEqual([
      'source → sink   read    bytes  acked    bytes  in flight  dropped  lost      lag  adds up',
      'pods → files   12.3k  1.93 MB  12.1k  1.90 MB    31.0 kB  3.00 kB   0 B  43.2 kB        ✓',
      '  dropped: 3.00 kB rejected',
      'pods → es          0      0 B      0      0 B        0 B      0 B   0 B      0 B        ✓',
    ]);
  });

  it('leaves out the figures that matter least where there is not', () => {
    expect(ledgerTable([BUSY], 50, plain)).toEqual([
      'source → sink   read  acked  lost      lag',
      'pods → files   12.3k  12.1k   0 B  43.2 kB',
      '  dropped: 3.00 kB rejected',
    ]);
  });

  it('is never wider than the terminal', () => {
    const entry = ledgerEntry({ source: 'a-source-with-a-long-name', sink: 'a-sink-with-a-long-name' });
    for (let columns = 1; columns < 120; columns++) {
      for (const line of ledgerTable([entry, BUSY], columns, plain)) {
        expect(textWidth(line)).toBeLessThanOrEqual(columns);
      }
    }
  });

  it('says by how much an entry does not add up', () => {
    expect(ledgerTable([ledgerEntry({ readBytes: 10, ackedBytes: 7 })], 120, plain)[1]).toMatch(/off by 3 B$/);
  });
});

it('accounts for read bytes as acknowledged, in flight or dropped', () => {
  expect(unaccountedBytes(BUSY)).toBe(0);
});

it('tells the same on one line, with the reasons', () => {
  expect(ledgerLine({ ...BUSY, lostBytes: { deleted_while_down: 500 } })).toBe(
    'pods → files: read 12345 records 1.93 MB, acked 12100 records 1.90 MB, in flight 31.0 kB, dropped 3.00 kB, ' +
      'lost 500 B, lag 43.2 kB, dropped: 3.00 kB rejected, lost: 500 B deleted_while_down',
  );
});
