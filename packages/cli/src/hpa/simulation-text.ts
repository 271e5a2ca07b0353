/** Simulated replicas on a terminal: the curves, and below them what each comes to. */

import type { SimulatedRound, SimulationSummary } from '@vigie/collector/hpa/simulate';
import { formatDuration } from '@vigie/core/durations';
import { alignNumbers } from '../query/align-numbers.ts';
import { chartRows, lineStyles } from '../query/chart/chart.ts';
import type { RangeTextOptions } from '../query/range-text.ts';
import { formatTime } from '../query/times.ts';
import { textWidth } from '../terminal/text-width.ts';

export interface SimulatedVariant {
  readonly name: string;
  readonly rounds: readonly SimulatedRound[];
  readonly summary: SimulationSummary;
}

const GAP = '  ';
const COLUMNS: readonly (readonly [title: string, of: (summary: SimulationSummary) => string])[] = [
  ['min', ({ least }) => String(least)],
  ['mean', ({ mean }) => String(Number(mean.toPrecision(4)))],
  ['max', ({ most }) => String(most)],
  ['ups', ({ scaleUps }) => String(scaleUps)],
  ['downs', ({ scaleDowns }) => String(scaleDowns)],
  ['pod hours', ({ podHours }) => String(Number(podHours.toPrecision(4)))],
  ['above target', ({ overloadedMs }) => formatDuration(overloadedMs)],
  ['without metrics', ({ blindMs }) => formatDuration(blindMs)],
];

/** @returns lines */
export function simulationText(
  variants: readonly SimulatedVariant[],
  stepMs: number,
  { columns, rows, isColoured, paint }: RangeTextOptions,
): readonly string[] {
  const times = variants.flatMap(({ rounds }) => rounds.map(({ timestampMs }) => timestampMs));
  if (times.length === 0) return [];
  const startMs = times.reduce((least, time) => Math.min(least, time));
  const endMs = times.reduce((most, time) => Math.max(most, time));
  const styles = lineStyles(variants.length, isColoured);
  const lines = variants
    .slice(0, styles.length)
    .map(({ rounds }) => ({ points: rounds.map(({ timestampMs, replicas }) => ({ timestampMs, value: replicas })) }));
  const chart = chartRows(lines, styles, { startMs, endMs, stepMs }, { columns: columns - 1, rows }, paint);
  const marks = styles.map(({ mark, colour }) => paint(mark, colour));
  const markCells = Math.max(...styles.map(({ mark }) => textWidth(mark)));
  const nameCells = Math.max('replicas'.length, ...variants.map(({ name }) => textWidth(name)));
  const figures = COLUMNS.map(([title, of]) => {
    const texts = alignNumbers(variants.map(({ summary }) => of(summary)));
    return { title, texts, cells: Math.max(title.length, ...texts.map(textWidth)) };
  });
  const line = (mark: string, name: string, fields: readonly string[]): string => {
    const padded = name + ' '.repeat(nameCells - textWidth(name));
    return [...(markCells === 0 ? [] : [mark]), padded, ...fields].join(GAP).trimEnd();
  };
  return [
    ...chart,
    '',
    paint(
      line(
        ' '.repeat(markCells),
        'replicas',
        figures.map(({ title, cells }) => title.padEnd(cells)),
      ),
      'dim',
    ),
    ...variants.map(({ name }, row) =>
      line(
        marks[row] ?? ' '.repeat(markCells),
        name,
        figures.map(({ texts, cells }) => (texts[row] ?? '').padEnd(cells)),
      ),
    ),
  ];
}

/** A line for each round, of all variants. */
export function simulationCsv(variants: readonly SimulatedVariant[]): readonly string[] {
  const rows = variants.flatMap(({ name, rounds }) =>
    rounds.map(({ timestampMs, replicas, round }) =>
      [name, formatTime(timestampMs), String(replicas), round.reason].map(quoted).join(','),
    ),
  );
  return ['variant,time,replicas,reason', ...rows];
}

function quoted(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
