import { describe, expect, it } from 'vitest';
import { drawChart } from '../../../src/context/chart/draw-chart.ts';
import { svgOf } from '../../../src/context/chart/svg.ts';
import { chartOf } from './charts.ts';

describe('a chart as SVG', () => {
  const svg = svgOf(drawChart(chartOf()));

  it('is one element with nothing in it but shapes and text', () => {
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="720"/);
    const names = new Set(Array.from(svg.matchAll(/<([a-z]+)/g), ([, name]) => name));
    expect(names).toEqual(new Set(['svg', 'rect', 'text', 'path']));
    const balanced = svg.match(/<text /g)?.length === svg.match(/<\/text>/g)?.length;
    expect(balanced).toBe(true);
  });

  it('escapes what labels and queries have in them', () => {
    expect(svg).toContain('rate(errors_total[5m]) &amp; &lt;more&gt;');
    const evil = svgOf(drawChart(chartOf({ title: '</text><script>alert(1)</script>\u0000\ud800' })));
    expect(evil).toContain('&lt;/text&gt;&lt;script&gt;alert(1)&lt;/script&gt;\ufffd</text>');
  });

  it('draws a point alone as a dot', () => {
    const shapes = [{ kind: 'lines', paths: [[{ x: 1, y: 2 }]], width: 2, color: '#000000' } as const];
    expect(svgOf({ width: 4, height: 4, shapes })).toContain('<path d="M1 2L1 2"');
  });
});
