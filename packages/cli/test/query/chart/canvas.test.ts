import { describe, expect, it } from 'vitest';
import { Canvas } from '../../../src/query/chart/canvas.ts';

const rowText = (canvas: Canvas, row: number): string =>
  canvas
    .row(row)
    .map(({ text }) => text)
    .join('');

describe('Canvas', () => {
  it('has eight dots in a cell', () => {
    const canvas = new Canvas(2, 1, undefined);
    expect([canvas.width, canvas.height]).toEqual([4, 4]);
    canvas.draw(0, 0, 3, 3, 0);
    expect(rowText(canvas, 0)).toBe('⡠⠊');
    canvas.draw(1, 0, 0, 3, 3);
    expect(rowText(canvas, 0)).toBe('⡱⢎');
    expect(canvas.row(0).map(({ line }) => line)).toEqual([1, 1]);
  });

  it('has a mark in a cell where colours are not to be had', () => {
    const canvas = new Canvas(3, 2, ['*', '+']);
    canvas.draw(0, 0, 1, 2, 1);
    canvas.draw(1, 2, 0, 2, 1);
    expect([rowText(canvas, 0), rowText(canvas, 1)]).toEqual(['  +', '**+']);
  });

  it('leaves out what is outside', () => {
    const canvas = new Canvas(1, 1, undefined);
    canvas.draw(0, -5, -5, 8, 8);
    expect(rowText(canvas, 0)).toBe('⠑'.replace('⠑', String.fromCharCode(0x2800 + 0x01 + 0x10)));
  });
});
