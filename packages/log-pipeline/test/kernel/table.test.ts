import { describe, expect, it } from 'vitest';
import { RowTable } from '../../src/kernel/table.ts';

describe('the row table', () => {
  it('keeps every column of every row apart', () => {
    const table = new RowTable(new ArrayBuffer(64 + 3 * 48), 64, 3);
    for (const row of [0, 1, 2]) {
      const value = (column: number) => row * 100 + column;
      table.setLine(row, value(1), value(2));
      table.setTime(row, value(3), value(4));
      table.setMessage(row, value(5), value(6));
      table.setFlags(row, value(7));
      table.setRawBytes(row, value(8));
      table.setOffset(row, 2 ** 52 + value(9));
      table.setExtra(row, value(10), value(11));
    }
    const read = (row: number) => [
      table.lineStart(row),
      table.lineEnd(row),
      table.timeStart(row),
      table.timeLength(row),
      table.messageStart(row),
      table.messageLength(row),
      table.flags(row),
      table.rawBytes(row),
      table.offset(row) - 2 ** 52,
      table.extraStart(row),
      table.extraLength(row),
    ];
    for (const row of [0, 1, 2])
      expect(read(row)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((n) => row * 100 + n));
    table.copyRow(2, 0);
    expect(read(0)).toEqual(read(2));
    expect(read(1)[0]).toBe(101);
  });
});
