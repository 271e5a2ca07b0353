/** The ledger as a table for people: what became of every byte, source by source and sink by sink. */
import type { LedgerEntry } from '@vigie/log-pipeline/agent/ledger';
import type { Colour, Paint } from '../terminal/style.ts';
import { fitText, printable, textWidth } from '../terminal/text-width.ts';
import { formatBytes, formatCount } from './quantities.ts';

interface Cell {
  readonly text: string;
  readonly colour?: Colour;
}

interface Column {
  readonly title: string;
  /** Columns with the highest number go first where the line is too short. */
  readonly rank: number;
  readonly cell: (entry: LedgerEntry) => Cell;
}

const COLUMNS: readonly Column[] = [
  { title: 'source → sink', rank: 0, cell: ({ source, sink }) => ({ text: printable(`${source} → ${sink}`) }) },
  { title: 'read', rank: 1, cell: ({ readRecords }) => ({ text: formatCount(readRecords) }) },
  { title: 'bytes', rank: 6, cell: ({ readBytes }) => ({ text: formatBytes(readBytes) }) },
  { title: 'acked', rank: 2, cell: ({ ackedRecords }) => ({ text: formatCount(ackedRecords) }) },
  { title: 'bytes', rank: 7, cell: ({ ackedBytes }) => ({ text: formatBytes(ackedBytes) }) },
  { title: 'in flight', rank: 4, cell: ({ inFlightBytes }) => ({ text: formatBytes(inFlightBytes) }) },
  { title: 'dropped', rank: 5, cell: ({ droppedBytes }) => alarming(sum(droppedBytes), 'yellow') },
  { title: 'lost', rank: 3, cell: ({ lostBytes }) => alarming(sum(lostBytes), 'red') },
  { title: 'lag', rank: 2, cell: ({ lagBytes }) => ({ text: formatBytes(lagBytes) }) },
  { title: 'adds up', rank: 8, cell: (entry) => balance(entry) },
];
const GAP = '  ';

/** The head line, a line per entry, and a line for each reason why bytes were dropped or lost.
 *  @returns lines of at most `columns` cells */
export function ledgerTable(entries: readonly LedgerEntry[], columns: number, paint: Paint): string[] {
  const shown = fittingColumns(entries, columns);
  const widths = shown.map((column) => Math.min(columns, columnWidth(column, entries)));
  const line = (cells: readonly Cell[]): string => {
    const texts = cells.map(({ text, colour }, index) => {
      const cell = fitText(text, columns);
      const padding = ' '.repeat(Math.max(0, (widths[index] ?? 0) - textWidth(cell)));
      return index === 0 ? paint(cell, colour) + padding : padding + paint(cell, colour);
    });
    return texts.join(GAP);
  };
  const head = shown.map(({ title }): Cell => ({ text: title, colour: 'dim' }));
  return [
    line(head),
    ...entries.flatMap((entry) => [
      line(shown.map(({ cell }) => cell(entry))),
      ...reasons(entry).map((text) => paint(fitText(`  ${text}`, columns), 'dim')),
    ]),
  ];
}

/** The same facts on one line without a table, for logs. */
export function ledgerLine(entry: LedgerEntry): string {
  const { source, sink, readRecords, readBytes, ackedRecords, ackedBytes, inFlightBytes, droppedBytes, lostBytes } =
    entry;
  const parts = [
    `read ${readRecords} records ${formatBytes(readBytes)}`,
    `acked ${ackedRecords} records ${formatBytes(ackedBytes)}`,
    `in flight ${formatBytes(inFlightBytes)}`,
    `dropped ${formatBytes(sum(droppedBytes))}`,
    `lost ${formatBytes(sum(lostBytes))}`,
    `lag ${formatBytes(entry.lagBytes)}`,
    ...reasons(entry),
  ];
  return printable(`${source} → ${sink}: ${parts.join(', ')}`);
}

/** @returns bytes that the entry does not account for; anything but 0 is a defect of the agent */
export function unaccountedBytes({ readBytes, ackedBytes, inFlightBytes, droppedBytes }: LedgerEntry): number {
  return readBytes - ackedBytes - inFlightBytes - sum(droppedBytes);
}

function balance(entry: LedgerEntry): Cell {
  const difference = unaccountedBytes(entry);
  return difference === 0 ? { text: '✓', colour: 'green' } : { text: `off by ${difference} B`, colour: 'red' };
}

function alarming(bytes: number, colour: Colour): Cell {
  return bytes === 0 ? { text: formatBytes(0) } : { text: formatBytes(bytes), colour };
}

function reasons({ droppedBytes, lostBytes }: LedgerEntry): string[] {
  const text =
    (verb: string) =>
    ([reason, bytes]: [string, number]) =>
      `${verb}: ${formatBytes(bytes)} ${printable(reason)}`;
  return [...Object.entries(droppedBytes).map(text('dropped')), ...Object.entries(lostBytes).map(text('lost'))];
}

function fittingColumns(entries: readonly LedgerEntry[], columns: number): Column[] {
  const shown = [...COLUMNS];
  const width = (): number =>
    shown.reduce((sum, column) => sum + columnWidth(column, entries) + GAP.length, -GAP.length);
  while (shown.length > 1 && width() > columns) {
    const last = shown.reduce((worst, column) => (column.rank > worst.rank ? column : worst));
    shown.splice(shown.indexOf(last), 1);
  }
  return shown;
}

function columnWidth(column: Column, entries: readonly LedgerEntry[]): number {
  return Math.max(textWidth(column.title), ...entries.map((entry) => textWidth(column.cell(entry).text)));
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
