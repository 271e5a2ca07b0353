/** The terminal's picture: records scroll by above a footer that is drawn anew in place. State in, text out. */
import type { LedgerEntry } from '@vigie/log-pipeline/agent/ledger';
import type { TappedRecord } from '@vigie/log-pipeline/tap/tap';
import type { Paint } from '../terminal/style.ts';
import { fitText, printable, textWidth } from '../terminal/text-width.ts';
import { ledgerTable } from './ledger-table.ts';
import { formatCount, formatUptime } from './quantities.ts';
import { recordLine } from './record-line.ts';

export interface ScreenState {
  /** New since the last frame. */
  readonly records: readonly TappedRecord[];
  /** What the program has to say, new since the last frame. */
  readonly notes: readonly Note[];
  readonly ledger: readonly LedgerEntry[];
  /** What keeps the agent from being ready, one sentence each. */
  readonly problems: readonly string[];
  readonly recordsPerSecond: number;
  readonly uptimeMs: number;
  readonly url: string;
  /** Where records come from and where they go. */
  readonly route: string;
}

export interface Note {
  readonly level: 'info' | 'warn' | 'error';
  readonly text: string;
}

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

export interface Frame {
  /** Scrolls away. */
  readonly tail: readonly string[];
  /** Stays, until the next frame takes its place. */
  readonly footer: readonly string[];
}

/** Rows that belong to the tail even where the footer would need them. */
const LEAST_TAIL_ROWS = 3;
/** Where commands look by themselves. */
const DEFAULT_URL = 'http://127.0.0.1:7070';
const ESCAPE = '\x1b';
/** Terminals that know synchronised output show the frame at once; others ignore it. */
const BEGIN_FRAME = `${ESCAPE}[?2026h`;
const END_FRAME = `${ESCAPE}[?2026l`;
const ERASE_BELOW = `${ESCAPE}[0J`;

export function renderFrame(state: ScreenState, size: ScreenSize, paint: Paint): Frame {
  // A line of full width makes some terminals wrap before the newline.
  const columns = Math.max(1, size.columns - 1);
  const records = state.records.map((record) => recordLine(record, columns, paint));
  const notes = state.notes.map((note) => noteLine(note, columns, paint));
  const lines = [
    headLine(state, columns, paint),
    ...ledgerTable(state.ledger, columns, paint),
    ...state.problems.map((problem) => paint(fitText(`! ${printable(problem)}`, columns), 'red')),
    paint(fitText(queryText(state.url), columns), 'dim'),
    paint(fitText(`${printable(state.route)} · Ctrl-C stops`, columns), 'dim'),
  ];
  return { tail: [...records, ...notes], footer: lines.slice(0, Math.max(1, size.rows - LEAST_TAIL_ROWS - 1)) };
}

/** @param shown the footer that is on the screen
 *  @returns what to write so that `frame` follows it */
export function frameText(shown: readonly string[], frame: Frame, columns: number): string {
  const up = shownRows(shown, columns);
  const erase = up === 0 ? '' : `${ESCAPE}[${up}A\r${ERASE_BELOW}`;
  return `${BEGIN_FRAME}${erase}${[...frame.tail, ...frame.footer].map((line) => `${line}\n`).join('')}${END_FRAME}`;
}

export function noteLine({ level, text }: Note, columns: number, paint: Paint): string {
  const colour = level === 'error' ? 'red' : level === 'warn' ? 'yellow' : 'dim';
  return paint(fitText(`vigie: ${printable(text)}`, columns), colour);
}

/** Rows that lines take: more than there are lines after the terminal became narrower. */
function shownRows(lines: readonly string[], columns: number): number {
  return lines.reduce((rows, line) => rows + Math.max(1, Math.ceil(textWidth(withoutColours(line)) / columns)), 0);
}

function withoutColours(line: string): string {
  return line.replaceAll(COLOUR_SEQUENCE, '');
}

const COLOUR_SEQUENCE = new RegExp(`${ESCAPE}\\[\\d+m`, 'g');

/** The command as it has to be typed. */
function queryText(url: string): string {
  const option = url === DEFAULT_URL ? '' : ` --url ${url}`;
  return `PromQL below /prometheus · vigie query${option} 'rate(vigie_agent_read_bytes_total[1m])'`;
}

function headLine({ url, uptimeMs, recordsPerSecond }: ScreenState, columns: number, paint: Paint): string {
  const text = `── vigie ── ${url} ── ${formatUptime(uptimeMs)} ── ${formatCount(Math.round(recordsPerSecond))} records/s `;
  return paint(fitText(text + '─'.repeat(Math.max(0, columns - textWidth(text))), columns), 'bold');
}
