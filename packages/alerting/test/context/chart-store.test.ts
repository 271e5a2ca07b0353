import { describe, expect, it } from 'vitest';
import { ChartStore } from '../../src/context/chart-store.ts';
import { chartOf } from './chart/charts.ts';

function store(): ChartStore {
  let ids = 0;
  return new ChartStore(() => (ids++).toString(16).padStart(32, '0'));
}

describe('charts that pages link to', () => {
  it('are there as PNG and as SVG, for who knows the name', () => {
    const charts = store();
    const file = charts.put(chartOf());
    expect(file).toBe(`${'0'.repeat(32)}.png`);
    expect(charts.draw(file)).toMatchObject({ contentType: 'image/png' });
    expect(charts.draw(file.replace('.png', '.svg'))).toMatchObject({ contentType: 'image/svg+xml' });
    for (const other of ['', 'x.png', `${'1'.repeat(32)}.png`, `${'0'.repeat(32)}.gif`, `../${file}`])
      expect(charts.draw(other)).toBeUndefined();
  });

  it('are bounded by their number: the oldest go', () => {
    const charts = store();
    const files = Array.from({ length: 501 }, () => charts.put(chartOf()));
    expect(charts.size).toBe(500);
    expect(charts.draw(files[0] ?? '')).toBeUndefined();
    expect(charts.draw(files[1] ?? '')).toBeDefined();
  });

  it('are bounded by their size', () => {
    const charts = store();
    const [line] = chartOf().lines;
    if (line === undefined) throw new Error('no line');
    const large = { ...line, timesMs: new Float64Array(300_000), values: new Float64Array(300_000) };
    for (let put = 0; put < 10; put++) charts.put(chartOf({ lines: [large] }));
    expect(charts.size).toBe(3);
    expect(charts.sizeBytes).toBeLessThanOrEqual(16 * 2 ** 20);
  });
});
