/** A chart as shapes: the lines of alerts that fire in colour, others grey, the threshold, and when it began to fire. Pure. */
import { humanize } from '@vigie/core/template/humanize';
import { timeText, timeTicks, valueTicks } from './axis-ticks.ts';
import type { Chart, ChartLine } from './chart.ts';
import { type Color, type Drawing, LETTER_WIDTH, type Point, type Shape } from './shape.ts';

const WIDTH = 720;
const PLOT_HEIGHT = 230;
const LEFT = 76;
const RIGHT = 14;
const TOP = 34;
const BOTTOM = 26;
const ROW = 18;
/** Of lines with a name below the chart. */
const MOST_NAMED = 4;
const DASH = 5;

const INK: Color = '#263238';
const FAINT: Color = '#e0e4e7';
const OTHER: Color = '#b4bcc2';
const LIMIT: Color = '#e65100';
const FIRED: Color = '#455a64';
const FIRING: readonly Color[] = ['#c62828', '#1565c0', '#6a1b9a', '#2e7d32'];

/** From what there is in a chart to where it stands in the drawing. */
interface Scale {
  readonly low: number;
  readonly high: number;
  readonly x: (timeMs: number) => number;
  readonly y: (value: number) => number;
}

/** Cost: O(samples). */
export function drawChart(chart: Chart): Drawing {
  const scale = scaleOf(chart);
  const firing = chart.lines.filter(({ isFiring }) => isFiring);
  const others = chart.lines.filter(({ isFiring }) => !isFiring);
  const colorOf = (index: number): Color => FIRING[index % FIRING.length] ?? INK;
  const legend = legendOf(firing, others.length + chart.left);
  const height = TOP + PLOT_HEIGHT + BOTTOM + legend.length * ROW + 6;
  const bottom = TOP + PLOT_HEIGHT;
  return {
    width: WIDTH,
    height,
    shapes: [
      { kind: 'box', at: { x: 0, y: 0 }, width: WIDTH, height, color: '#ffffff' },
      textAt({ x: LEFT, y: TOP / 2 }, 'start', cut(chart.title, WIDTH - LEFT - RIGHT), INK),
      ...axes(chart, scale),
      ...others.map((line): Shape => ({ kind: 'lines', paths: pathsOf(line, chart, scale), width: 1, color: OTHER })),
      ...firing.map(
        (line, index): Shape => ({
          kind: 'lines',
          paths: pathsOf(line, chart, scale),
          width: 2,
          color: colorOf(index),
        }),
      ),
      ...thresholdShapes(chart, scale),
      ...firedShapes(chart, scale),
      ...legend.flatMap((text, index): readonly Shape[] => {
        const y = bottom + BOTTOM + ROW * (index + 0.5);
        const named = index < Math.min(firing.length, MOST_NAMED);
        const sample = [
          { x: LEFT, y },
          { x: LEFT + 18, y },
        ];
        return [
          ...(named ? [{ kind: 'lines', paths: [sample], width: 3, color: colorOf(index) } as const] : []),
          textAt({ x: LEFT + 26, y }, 'start', cut(text, WIDTH - LEFT - RIGHT - 26), INK),
        ];
      }),
    ],
  };
}

function scaleOf({ lines, threshold, startMs, endMs }: Chart): Scale {
  const values = lines.flatMap((line) => Array.from(line.values).filter(Number.isFinite));
  if (threshold !== undefined && Number.isFinite(threshold.value)) values.push(threshold.value);
  let low = values.reduce((least, value) => Math.min(least, value), values[0] ?? 0);
  let high = values.reduce((most, value) => Math.max(most, value), values[0] ?? 1);
  // What is small beside its distance from 0 is better seen with the 0 left out.
  if (low > 0 && low < high / 2) low = 0;
  const room = high === low ? Math.abs(high) / 2 || 1 : (high - low) * 0.06;
  high += room;
  if (low !== 0) low -= room;
  const plotWidth = WIDTH - LEFT - RIGHT;
  return {
    low,
    high,
    x: (timeMs) => LEFT + (plotWidth * (timeMs - startMs)) / (endMs - startMs),
    y: (value) => TOP + PLOT_HEIGHT * (1 - (value - low) / (high - low)),
  };
}

function axes({ startMs, endMs }: Chart, { low, high, x, y }: Scale): readonly Shape[] {
  const right = WIDTH - RIGHT;
  const bottom = TOP + PLOT_HEIGHT;
  const isLong = endMs - startMs > 24 * 3_600_000;
  const values = valueTicks(low, high, 6);
  const times = timeTicks(startMs, endMs, isLong ? 5 : 8);
  return [
    {
      kind: 'lines',
      paths: [
        ...values.map((value) => [
          { x: LEFT, y: y(value) },
          { x: right, y: y(value) },
        ]),
        ...times.map((timeMs) => [
          { x: x(timeMs), y: TOP },
          { x: x(timeMs), y: bottom },
        ]),
      ],
      width: 1,
      color: FAINT,
    },
    ...values.map((value) => textAt({ x: LEFT - 6, y: y(value) }, 'end', valueText(value), INK)),
    ...times.map((timeMs) => textAt(inside(x(timeMs), bottom + 13, 5), 'middle', timeText(timeMs, isLong), INK)),
  ];
}

/** Broken where samples are missing. */
function pathsOf({ timesMs, values }: ChartLine, { stepMs }: Chart, { x, y }: Scale): readonly (readonly Point[])[] {
  const paths: Point[][] = [];
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const [index, timeMs] of timesMs.entries()) {
    const value = values[index];
    if (value === undefined || !Number.isFinite(value)) continue;
    const point = { x: x(timeMs), y: y(value) };
    if (timeMs - lastMs > 1.5 * stepMs) paths.push([point]);
    else paths.at(-1)?.push(point);
    lastMs = timeMs;
  }
  return paths;
}

function thresholdShapes({ threshold }: Chart, { y }: Scale): readonly Shape[] {
  if (threshold === undefined || !Number.isFinite(threshold.value)) return [];
  const at = y(threshold.value);
  const right = WIDTH - RIGHT;
  const dashes: Point[][] = [];
  for (let x = LEFT; x < right; x += 2 * DASH)
    dashes.push([
      { x, y: at },
      { x: Math.min(x + DASH, right), y: at },
    ]);
  const text = `${threshold.operator} ${valueText(threshold.value)}`;
  // Above the line, unless that is where the chart ends.
  const middle = at - TOP < 2 * ROW ? at + 10 : at - 9;
  return [
    { kind: 'lines', paths: dashes, width: 1.5, color: LIMIT },
    textAt({ x: right, y: middle }, 'end', text, LIMIT),
  ];
}

function firedShapes({ firedAtMs, startMs, endMs }: Chart, { x }: Scale): readonly Shape[] {
  if (firedAtMs < startMs || firedAtMs > endMs) return [];
  const at = x(firedAtMs);
  const text = `fires ${timeText(firedAtMs, false)}`;
  const fitsRight = at + 4 + text.length * LETTER_WIDTH < WIDTH - RIGHT;
  return [
    {
      kind: 'lines',
      paths: [
        [
          { x: at, y: TOP },
          { x: at, y: TOP + PLOT_HEIGHT },
        ],
      ],
      width: 1.5,
      color: FIRED,
    },
    textAt({ x: at + (fitsRight ? 4 : -4), y: TOP + PLOT_HEIGHT - 9 }, fitsRight ? 'start' : 'end', text, FIRED),
  ];
}

function legendOf(firing: readonly ChartLine[], others: number): readonly string[] {
  const named = firing.slice(0, MOST_NAMED).map(({ label }) => label);
  const more = firing.length - named.length;
  const rest = [...(more > 0 ? [`${more} more that fire`] : []), ...(others > 0 ? [`${others} others`] : [])];
  return rest.length === 0 ? named : [...named, `and ${rest.join(', ')}`];
}

/** As it is written where that is short; `500m` would be read as minutes. */
function valueText(value: number): string {
  const size = Math.abs(value);
  return size === 0 || (size >= 0.001 && size < 10_000) ? String(Number(value.toPrecision(4))) : humanize(value);
}

function textAt(at: Point, anchor: 'start' | 'middle' | 'end', text: string, color: Color): Shape {
  return { kind: 'text', at, anchor, text, color };
}

/** Half of `letters` letters away from the edges of the drawing at least. */
function inside(x: number, y: number, letters: number): Point {
  const half = (letters * LETTER_WIDTH) / 2;
  return { x: Math.min(Math.max(x, half), WIDTH - half), y };
}

function cut(text: string, width: number): string {
  const letters = Math.floor(width / LETTER_WIDTH);
  return text.length > letters ? `${text.slice(0, letters - 3)}...` : text;
}
