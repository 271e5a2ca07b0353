/** The answer to a range query on a terminal: a chart, and below it a table of its lines. */
import type { Paint } from '../terminal/style.ts';
import { textWidth } from '../terminal/text-width.ts';
import { alignNumbers } from './align-numbers.ts';
import type { Sample, Series } from './answer.ts';
import { chartRows, lineStyles, MAX_LINES } from './chart/chart.ts';
import { histogramSummary } from './histogram-text.ts';
import type { QueryRange } from './request.ts';
import { seriesText } from './series-text.ts';

export interface RangeTextOptions {
  readonly columns: number;
  /** Of the chart. */
  readonly rows: number;
  readonly isColoured: boolean;
  readonly paint: Paint;
}

const GAP = '  ';
/** A figure that is read and compared; every digit is in the other outputs. */
const FIGURE_DIGITS = 6;

/** @returns lines; none without series */
export function rangeText(series: readonly Series[], range: QueryRange, options: RangeTextOptions): readonly string[] {
  const { columns, rows, isColoured, paint } = options;
  if (series.length === 0) return [];
  const styles = lineStyles(series.length, isColoured);
  const drawn = series.slice(0, MAX_LINES);
  const lines = drawn.map(({ samples }) => ({ points: samples.flatMap(numberPoint) }));
  const chart = chartRows(lines, styles, range, { columns: columns - 1, rows }, paint);
  const marks = styles.map(({ mark, colour }) => paint(mark, colour));
  const legend = summaryTable(series, marks, Math.max(...styles.map(({ mark }) => textWidth(mark))), paint);
  const surplus = series.length - drawn.length;
  return [
    ...chart,
    ...(chart.length === 0 ? [] : ['']),
    ...legend,
    ...(surplus > 0 ? [paint(`the chart has the first ${MAX_LINES} series, and not the other ${surplus}`, 'dim')] : []),
  ];
}

/** A line for each series. */
function summaryTable(
  series: readonly Series[],
  marks: readonly string[],
  markCells: number,
  paint: Paint,
): readonly string[] {
  const rows = series.map(({ samples }) => summaryOf(samples));
  const names = series.map(({ labels }) => seriesText(labels));
  const nameCells = Math.max('series'.length, ...names.map(textWidth));
  const columns = (['min', 'mean', 'max', 'last'] as const).map((title) => {
    const texts = alignNumbers(rows.map((row) => row[title]));
    return { title, texts, cells: Math.max(title.length, ...texts.map(textWidth)) };
  });
  const line = (mark: string, name: string, figures: readonly string[]): string =>
    [...(markCells === 0 ? [] : [mark]), padded(name, nameCells), ...figures].join(GAP).trimEnd();
  const head = columns.map(({ title, cells }) => title.padEnd(cells));
  return [
    paint(line(' '.repeat(markCells), 'series', head), 'dim'),
    ...names.map((name, index) =>
      line(
        marks[index] ?? ' '.repeat(markCells),
        name,
        columns.map(({ texts, cells }) => padded(texts[index] ?? '', cells)),
      ),
    ),
  ];
}

interface Summary {
  readonly min: string;
  readonly mean: string;
  readonly max: string;
  readonly last: string;
}

/** Of the values that are numbers. */
function summaryOf(samples: readonly Sample[]): Summary {
  const values = samples.flatMap(numberPoint).flatMap(({ value }) => (Number.isNaN(value) ? [] : [value]));
  const last = samples.at(-1)?.value ?? '';
  const lastText = typeof last === 'string' ? figure(numberOf(last)) : histogramSummary(last);
  if (values.length === 0) return { min: '', mean: '', max: '', last: lastText };
  const min = values.reduce((least, value) => Math.min(least, value));
  const max = values.reduce((most, value) => Math.max(most, value));
  const mean = values.reduce((sum, value) => sum + value / values.length, 0);
  return { min: figure(min), mean: figure(mean), max: figure(max), last: lastText };
}

function numberPoint({ timestampMs, value }: Sample): readonly { timestampMs: number; value: number }[] {
  return typeof value === 'string' ? [{ timestampMs, value: numberOf(value) }] : [];
}

/** As the API writes numbers: `+Inf`, `-Inf` and `NaN` among them. */
function numberOf(text: string): number {
  return Number(text.replace('Inf', 'Infinity'));
}

function figure(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(Number(value.toPrecision(FIGURE_DIGITS)));
}

function padded(text: string, cells: number): string {
  return text + ' '.repeat(Math.max(0, cells - textWidth(text)));
}
