/** Rows of text as a table, columns as wide as their widest cell. */
import type { Paint } from '../terminal/style.ts';
import { printable, textWidth } from '../terminal/text-width.ts';

const GAP = '  ';

/** @returns lines, the first of them the head */
export function textTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  paint: Paint,
): readonly string[] {
  const cells = rows.map((row) => row.map(printable));
  const widths = head.map((title, at) =>
    cells.reduce((widest, row) => Math.max(widest, textWidth(row[at] ?? '')), textWidth(title)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => cell + ' '.repeat((widths[at] ?? 0) - textWidth(cell)))
      .join(GAP)
      .trimEnd();
  return [paint(line(head), 'dim'), ...cells.map(line)];
}
