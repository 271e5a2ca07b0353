import { describe, expect, it } from 'vitest';
import { drawChart } from '../../../src/context/chart/draw-chart.ts';
import type { Drawing, Shape } from '../../../src/context/chart/shape.ts';
import { CHART_START, chartOf } from './charts.ts';

const textsOf = ({ shapes }: Drawing): readonly string[] =>
  shapes.flatMap((shape) => (shape.kind === 'text' ? [shape.text] : []));
const linesOf = ({ shapes }: Drawing, color: string) =>
  shapes.filter((shape): shape is Extract<Shape, { kind: 'lines' }> => shape.kind === 'lines' && shape.color === color);

const FIRST = '#c62828';
const LIMIT = '#e65100';
const FIRED = '#455a64';

describe('a chart', () => {
  it('says what it shows: the query, values, times, the threshold, when it began to fire, and what is left out', () => {
    expect(textsOf(drawChart(chartOf()))).toEqual([
      'rate(errors_total[5m]) & <more>',
      ...['0', '20', '40', '60'],
      ...['09:00', '09:10', '09:20', '09:30', '09:40', '09:50', '10:00'],
      '> 50',
      'fires 09:50',
      '{pod="web-1"}',
      'and 4 others',
    ]);
  });

  it('has the threshold and the time of firing where the lines have them', () => {
    const drawing = drawChart(chartOf());
    const [firing] = linesOf(drawing, FIRST);
    const points = firing?.paths.flat() ?? [];
    // Of value 50, at minute 50.
    const at = points.at(-11);
    expect(linesOf(drawing, LIMIT)[0]?.paths[0]?.[0]?.y).toBeCloseTo(at?.y ?? 0, 6);
    expect(linesOf(drawing, FIRED)[0]?.paths[0]?.[0]?.x).toBeCloseTo(at?.x ?? 0, 6);
  });

  it('breaks a line where samples are missing or are no numbers', () => {
    const [line] = chartOf().lines;
    if (line === undefined) throw new Error('no line');
    const values = Float64Array.from(line.values, (value) => (value === 40 ? Number.NaN : value));
    const [firing] = linesOf(drawChart(chartOf({ lines: [{ ...line, values }] })), FIRST);
    expect(firing?.paths.map((path) => path.length)).toEqual([20, 10, 20]);
  });

  it.each([
    ['nothing', []],
    ['no numbers', [Number.NaN, Number.POSITIVE_INFINITY]],
    ['one value', [7, 7]],
    ['zero', [0, 0]],
    ['the largest and smallest', [-1.7e308, 1.7e308]],
  ])('of %s is drawn, too', (_what, values) => {
    const timesMs = Float64Array.from(values, (_, index) => CHART_START + index * 60_000);
    const line = { label: '{}', isFiring: true, timesMs, values: Float64Array.from(values) };
    for (const threshold of [undefined, { operator: '>', value: Number.NaN }]) {
      const { shapes } = drawChart(chartOf({ lines: [line], threshold }));
      expect(shapes.length).toBeGreaterThan(3);
    }
  });

  it('keeps its marks inside, and leaves out a time of firing before it', () => {
    const drawing = drawChart(chartOf({ firedAtMs: CHART_START - 1, threshold: { operator: '<', value: 0 } }));
    expect(linesOf(drawing, FIRED)).toEqual([]);
    for (const shape of drawing.shapes) {
      if (shape.kind !== 'text') continue;
      expect(shape.at.y).toBeGreaterThan(0);
      expect(shape.at.y).toBeLessThan(drawing.height);
    }
  });

  it('cuts what is too long', () => {
    expect(textsOf(drawChart(chartOf({ title: 'x'.repeat(500) })))[0]).toMatch(/^x{60,80}\.\.\.$/);
  });
});
