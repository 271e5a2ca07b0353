import { crc32, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { drawChart } from '../../../src/context/chart/draw-chart.ts';
import { pngOf } from '../../../src/context/chart/png.ts';
import { rasterOf } from '../../../src/context/chart/raster.ts';
import type { Color, Drawing, Shape } from '../../../src/context/chart/shape.ts';
import { chartOf } from './charts.ts';

interface Decoded {
  readonly width: number;
  readonly height: number;
  readonly types: readonly string[];
  readonly at: (x: number, y: number) => Color;
}

/** By the specification: chunks with their sums, rows with their filters. */
function decode(png: Buffer): Decoded {
  expect(png.subarray(0, 8).toString('hex')).toBe('89504e470d0a1a0a');
  const types: string[] = [];
  const bodies = new Map<string, Buffer>();
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const typed = png.subarray(at + 4, at + 8 + length);
    expect(png.readUInt32BE(at + 8 + length)).toBe(crc32(typed));
    types.push(typed.toString('latin1', 0, 4));
    bodies.set(typed.toString('latin1', 0, 4), typed.subarray(4));
    at += length + 12;
  }
  const header = bodies.get('IHDR') ?? Buffer.alloc(13);
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  expect([...header.subarray(8)]).toEqual([8, 2, 0, 0, 0]);
  const rows = inflateSync(bodies.get('IDAT') ?? Buffer.alloc(0));
  expect(rows).toHaveLength(height * (width * 3 + 1));
  const at = (x: number, y: number): Color => {
    const from = y * (width * 3 + 1) + 1 + x * 3;
    expect(rows[y * (width * 3 + 1)]).toBe(0);
    return `#${rows.toString('hex', from, from + 3)}`;
  };
  return { width, height, types, at };
}

const draw = (...shapes: Shape[]): Decoded => {
  const drawing: Drawing = { width: 40, height: 20, shapes };
  return decode(pngOf(rasterOf(drawing)));
};

describe('a drawing as PNG', () => {
  it('is one by its specification, twice as large as its units', () => {
    const { width, height, types, at } = draw();
    expect([width, height, types]).toEqual([80, 40, ['IHDR', 'IDAT', 'IEND']]);
    expect(at(0, 0)).toBe('#ffffff');
  });

  it('has boxes where they stand, cut at the edges', () => {
    const { at } = draw({ kind: 'box', at: { x: 10, y: 5 }, width: 100, height: 5, color: '#102030' });
    expect([at(19, 10), at(20, 10), at(79, 19), at(20, 20)]).toEqual(['#ffffff', '#102030', '#102030', '#ffffff']);
  });

  it('has lines as wide as they are, with smooth edges', () => {
    const paths = [
      [
        { x: 5, y: 10 },
        { x: 35, y: 10 },
      ],
    ];
    const { at } = draw({ kind: 'lines', paths, width: 2, color: '#000000' });
    expect([at(40, 18), at(40, 19), at(40, 20), at(40, 21)]).toEqual(['#000000', '#000000', '#000000', '#000000']);
    expect(at(40, 16)).toBe('#ffffff');
    const slanted = draw({
      kind: 'lines',
      paths: [
        [
          { x: 5, y: 2 },
          { x: 35, y: 18 },
        ],
      ],
      width: 1,
      color: '#000000',
    });
    const shades = new Set(Array.from({ length: 40 }, (_, y) => slanted.at(40, y)));
    expect(shades.size).toBeGreaterThan(2);
  });

  it('has letters, and a question mark for one that it does not know', () => {
    const dark = ({ at }: Decoded): number =>
      Array.from({ length: 80 * 40 }, (_, index) => at(index % 80, Math.floor(index / 80))).filter(
        (color) => color === '#000000',
      ).length;
    const text = (letters: string): Decoded =>
      draw({ kind: 'text', at: { x: 2, y: 10 }, anchor: 'start', text: letters, color: '#000000' });
    // An I has 11 dots, each of 3 by 3 pixels.
    expect(dark(text('I'))).toBe(11 * 9);
    expect(dark(text('é'))).toBe(dark(text('?')));
    expect(dark(text(' '))).toBe(0);
  });

  it('of a chart shows the line that fires in its colour', () => {
    const { width, at } = decode(pngOf(rasterOf(drawChart(chartOf()))));
    expect(width).toBe(1440);
    const column = Array.from({ length: 500 }, (_, y) => at(1380, y));
    expect(column).toContain('#c62828');
    expect(column).toContain('#b4bcc2');
  });
});
