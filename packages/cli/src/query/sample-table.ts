/** Answers as tables: a line for each series of a vector, a line for each sample of a matrix. */
import type { Paint } from '../terminal/style.ts';
import { printable, textWidth } from '../terminal/text-width.ts';
import { alignNumbers } from './align-numbers.ts';
import type { QueryResult, Sample, Series } from './answer.ts';
import { bucketLines, histogramSummary } from './histogram-text.ts';
import { seriesText } from './series-text.ts';
import { formatTime } from './times.ts';

const GAP = '  ';

/** @param columns of the terminal; undefined where lines may have any length
 *  @returns lines; none for an answer without series */
export function sampleTable(result: QueryResult, columns: number | undefined, paint: Paint): readonly string[] {
  switch (result.type) {
    case 'scalar':
    case 'string':
      return [printable(valueText(result.sample))];
    case 'vector':
      return vectorTable(result.series, columns, paint);
    case 'matrix':
      return result.series.flatMap((series, index) => [
        ...(index === 0 ? [] : ['']),
        paint(seriesText(series.labels), 'bold'),
        ...sampleLines(series.samples, paint),
      ]);
  }
}

function vectorTable(series: readonly Series[], columns: number | undefined, paint: Paint): readonly string[] {
  const rows = series.flatMap(({ labels, samples: [sample] }) =>
    sample === undefined ? [] : [{ name: seriesText(labels), sample }],
  );
  if (rows.length === 0) return [];
  const names = ['series', ...rows.map(({ name }) => name)];
  const values = ['value', ...alignedValues(rows.map(({ sample }) => sample))];
  const nameCells = Math.max(...names.map(textWidth));
  const valueCells = Math.max(...values.map(textWidth));
  const isNarrow = columns !== undefined && nameCells + GAP.length + valueCells > columns;
  const [head = '', ...lines] = names.map((name, index) => {
    const value = values[index] ?? '';
    // Where lines wrap, numbers stay below one another only if they come first.
    return isNarrow ? `${padded(value, valueCells)}${GAP}${name}` : `${padded(name, nameCells)}${GAP}${value}`;
  });
  return [
    paint(head, 'dim'),
    ...rows.flatMap(({ sample }, index) => [lines[index] ?? '', ...bucketsBelow(sample, paint)]),
  ];
}

function sampleLines(samples: readonly Sample[], paint: Paint): readonly string[] {
  const times = samples.map(({ timestampMs }) => formatTime(timestampMs));
  const values = alignedValues(samples);
  const width = Math.max(0, ...times.map(textWidth));
  return samples.flatMap((sample, index) => [
    `${GAP}${paint(padded(times[index] ?? '', width), 'dim')}${GAP}${values[index] ?? ''}`,
    ...bucketsBelow(sample, paint).map((line) => GAP + line),
  ]);
}

/** Numbers point below point; histograms as they are. */
function alignedValues(samples: readonly Sample[]): readonly string[] {
  const isNumber = samples.map(({ value }) => typeof value === 'string');
  const numbers = alignNumbers(samples.map((sample, index) => (isNumber[index] === true ? valueText(sample) : '')));
  return samples.map((sample, index) => (isNumber[index] === true ? (numbers[index] ?? '') : valueText(sample)));
}

function valueText({ value }: Sample): string {
  return typeof value === 'string' ? value : histogramSummary(value);
}

function bucketsBelow({ value }: Sample, paint: Paint): readonly string[] {
  if (typeof value === 'string') return [];
  return bucketLines(value, paint).map((line) => GAP + line);
}

function padded(text: string, cells: number): string {
  return text + ' '.repeat(Math.max(0, cells - textWidth(text)));
}
