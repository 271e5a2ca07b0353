/** Series as lines over time, in the characters of a terminal. */
import type { Colour, Paint } from '../../terminal/style.ts';
import { textWidth } from '../../terminal/text-width.ts';
import type { QueryRange } from '../request.ts';
import { Canvas, type CanvasCell } from './canvas.ts';
import { type Scale, valueScale } from './scale.ts';

export interface ChartLine {
  /** Unix ms, ascending. */
  readonly points: readonly { readonly timestampMs: number; readonly value: number }[];
}

/** How lines are told apart: by colour; without, several by their marks. */
export interface LineStyle {
  readonly colour: Colour | undefined;
  /** In the legend. */
  readonly mark: string;
}

export interface ChartSize {
  /** Of the whole chart, its labels among them. */
  readonly columns: number;
  /** Of the part with lines. */
  readonly rows: number;
}

/** More would not be told apart. */
export const MAX_LINES = 8;
const COLOURS: readonly Colour[] = [36, 33, 35, 32, 34, 31, 96, 93].map((sgr) => ({ sgr }));
const MARKS = ['*', '+', 'o', 'x', '#', '@', '%', '&'] as const;
const LEAST_PLOT_COLUMNS = 16;
/** Cells between two labels of the time axis. */
const TIME_GAP = 6;
const MAX_TIMES = 6;
/** A label on every other row, and more air in a low chart. */
const TICKS_PER_ROW = 0.45;
/** Of the times. */
const ZONE = 'UTC';
const DAY_MS = 86_400_000;

/** @param isColoured whether the terminal shows colours
 *  @returns one for each of `lines`, at most MAX_LINES of them */
export function lineStyles(lines: number, isColoured: boolean): readonly LineStyle[] {
  return Array.from({ length: Math.min(lines, MAX_LINES) }, (_, index) => ({
    colour: isColoured ? COLOURS[index] : undefined,
    mark: isColoured ? '━' : lines === 1 ? '' : (MARKS[index] ?? ''),
  }));
}

/** A gap of more than a step breaks a line; so does a value that is no number. Values without end are left out.
 *  @returns rows from the top, the time axis below them; none where no line has a finite value
 *  Cost: O(points * rows). */
export function chartRows(
  lines: readonly ChartLine[],
  styles: readonly LineStyle[],
  range: QueryRange,
  size: ChartSize,
  paint: Paint,
): readonly string[] {
  const values = lines.flatMap(({ points }) => points.map(({ value }) => value)).filter(Number.isFinite);
  if (values.length === 0) return [];
  const [least, most] = extent(values);
  const scale = valueScale(least, most, Math.max(1, Math.floor(size.rows * TICKS_PER_ROW)));
  const labelColumns = Math.max(ZONE.length, ...scale.ticks.map(({ label }) => label.length));
  const plotColumns = Math.max(LEAST_PLOT_COLUMNS, size.columns - labelColumns - 2);
  const byMark = styles.length > 1 && styles.every(({ colour }) => colour === undefined);
  const canvas = new Canvas(plotColumns, size.rows, byMark ? styles.map(({ mark }) => mark) : undefined);
  for (const [index, line] of lines.entries()) drawLine(canvas, index, line, range, scale);
  const labels = tickLabels(scale, canvas.height, size.rows);
  const rows = Array.from({ length: size.rows }, (_, row) => {
    const label = labels.get(row);
    const axis = `${(label ?? '').padStart(labelColumns)} ${label === undefined ? '│' : '┤'}`;
    return `${paint(axis, 'dim')}${cellsText(canvas.row(row), styles, paint)}`.trimEnd();
  });
  return [...rows, ...timeAxis(range, labelColumns, plotColumns).map((line) => paint(line, 'dim'))];
}

function drawLine(canvas: Canvas, index: number, { points }: ChartLine, range: QueryRange, scale: Scale): void {
  let before: { readonly x: number; readonly y: number; readonly timestampMs: number } | undefined;
  for (const { timestampMs, value } of points) {
    if (!Number.isFinite(value)) {
      before = undefined;
      continue;
    }
    const x = xOf(timestampMs, range, canvas.width);
    const y = yOf(value, scale, canvas.height);
    const isNext = before !== undefined && timestampMs - before.timestampMs <= 1.5 * range.stepMs;
    if (before !== undefined && isNext) canvas.draw(index, before.x, before.y, x, y);
    else canvas.draw(index, x, y, x, y);
    before = { x, y, timestampMs };
  }
}

function xOf(timestampMs: number, { startMs, endMs }: QueryRange, width: number): number {
  const fraction = endMs === startMs ? 0.5 : (timestampMs - startMs) / (endMs - startMs);
  return Math.round(fraction * (width - 1));
}

function yOf(value: number, { from, to }: Scale, height: number): number {
  return Math.round(((to - value) / (to - from)) * (height - 1));
}

/** By row; where two would share one, the first stays. */
function tickLabels(scale: Scale, height: number, rows: number): ReadonlyMap<number, string> {
  const labels = new Map<number, string>();
  for (const { value, label } of scale.ticks) {
    const row = Math.floor((yOf(value, scale, height) * rows) / height);
    if (!labels.has(row)) labels.set(row, label);
  }
  return labels;
}

/** Neighbours of one colour are painted together. */
function cellsText(cells: readonly CanvasCell[], styles: readonly LineStyle[], paint: Paint): string {
  let text = '';
  let run = '';
  let runLine: number | undefined;
  const flush = (): void => {
    text += runLine === undefined ? run : paint(run, styles[runLine]?.colour);
    run = '';
  };
  for (const cell of cells) {
    if (cell.line !== runLine) flush();
    runLine = cell.line;
    run += cell.text;
  }
  flush();
  return text;
}

/** The axis, and times below it. */
function timeAxis({ startMs, endMs }: QueryRange, labelColumns: number, columns: number): readonly string[] {
  const label = endMs - startMs >= DAY_MS ? dayAndMinute : timeOfDay;
  const width = textWidth(label(startMs));
  const hasRoom = columns >= 2 * width + 2 && endMs > startMs;
  const count = hasRoom ? Math.max(2, Math.min(MAX_TIMES, Math.floor(columns / (width + TIME_GAP)))) : 1;
  let axis = '';
  let labels = '';
  for (let index = 0; index < count; index++) {
    const fraction = count > 1 ? index / (count - 1) : endMs > startMs ? 0 : 0.5;
    const column = Math.round(fraction * (columns - 1));
    const labelAt = Math.max(0, Math.min(columns - width, column - Math.floor(width / 2)));
    axis = `${axis.padEnd(column, '─')}┬`;
    labels = `${labels.padEnd(labelAt)}${label(startMs + fraction * (endMs - startMs))}`;
  }
  return [`${' '.repeat(labelColumns)} └${axis.padEnd(columns, '─')}`, `${ZONE.padStart(labelColumns)}  ${labels}`];
}

function timeOfDay(timeMs: number): string {
  return isoTime(timeMs).slice(11, 19);
}

function dayAndMinute(timeMs: number): string {
  return isoTime(timeMs).slice(5, 16).replace('T', ' ');
}

/** Beyond what dates reach there is no time of day. */
function isoTime(timeMs: number): string {
  const time = new Date(timeMs);
  return Number.isNaN(time.getTime()) ? '----------T--:--:--' : time.toISOString();
}

function extent(values: readonly number[]): readonly [number, number] {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return [least, most];
}
