import type { Kernel } from '../kernel/kernel.ts';
import { FLAG_UNPARSED } from '../kernel/layout.ts';

const CARRIAGE_RETURN = 0x0d;

/** Lines of a text file are messages as they stand; a carriage return before the newline is part of the line's end. */
export function takePlainLines({ table, memory }: Kernel, rows: number): void {
  for (let row = 0; row < rows; row++) {
    table.setFlags(row, table.flags(row) & ~FLAG_UNPARSED);
    const start = table.messageStart(row);
    const length = table.messageLength(row);
    if (length > 0 && memory[start + length - 1] === CARRIAGE_RETURN) table.setMessage(row, start, length - 1);
  }
}
