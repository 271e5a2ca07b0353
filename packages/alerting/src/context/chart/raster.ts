/** A drawing as pixels, for those who do not show SVG: mail, chats. Edges are smoothed by how much of a pixel they cover. */
import { eachDot } from './bitmap-font.ts';
import { type Color, type Drawing, LETTER_WIDTH, type Point, type Shape } from './shape.ts';

/** Pixels for a unit of the drawing. */
const SCALE = 2;
/** Pixels for a dot of a letter: six dots are as wide as a letter with its space. */
const DOT = (LETTER_WIDTH * SCALE) / 6;
const LETTER_ROWS = 7;

export interface Raster {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue of each pixel, row by row. */
  readonly rgb: Uint8Array;
}

/** Cost: O(pixels + pixels along the lines). */
export function rasterOf({ width, height, shapes }: Drawing): Raster {
  const canvas = new Canvas(width * SCALE, height * SCALE);
  for (const shape of shapes) draw(canvas, shape);
  return canvas;
}

function draw(canvas: Canvas, shape: Shape): void {
  const color = channelsOf(shape.color);
  switch (shape.kind) {
    case 'box':
      canvas.fill(shape.at.x * SCALE, shape.at.y * SCALE, shape.width * SCALE, shape.height * SCALE, color);
      return;
    case 'lines':
      for (const path of shape.paths) {
        for (const [index, point] of path.entries()) {
          const before = path[index - 1];
          if (before !== undefined || path.length === 1)
            canvas.line(scaled(before ?? point), scaled(point), shape.width * SCALE, color);
        }
      }
      return;
    case 'text': {
      const letters = Array.from(shape.text);
      const width = letters.length * LETTER_WIDTH * SCALE;
      const shift = { start: 0, middle: width / 2, end: width }[shape.anchor];
      const top = Math.round(shape.at.y * SCALE - (LETTER_ROWS * DOT) / 2);
      for (const [index, letter] of letters.entries()) {
        const left = Math.round(shape.at.x * SCALE - shift + index * LETTER_WIDTH * SCALE);
        eachDot(letter, (column, row) => canvas.fill(left + column * DOT, top + row * DOT, DOT, DOT, color));
      }
    }
  }
}

function scaled({ x, y }: Point): Point {
  return { x: x * SCALE, y: y * SCALE };
}

type Channels = readonly [red: number, green: number, blue: number];

function channelsOf(color: Color): Channels {
  const value = Number.parseInt(color.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

class Canvas implements Raster {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.rgb = new Uint8Array(width * height * 3).fill(255);
  }

  /** Whole pixels. */
  fill(left: number, top: number, width: number, height: number, [red, green, blue]: Channels): void {
    const right = Math.min(this.width, left + width);
    const bottom = Math.min(this.height, top + height);
    for (let y = Math.max(0, top); y < bottom; y++) {
      for (let x = Math.max(0, left); x < right; x++) {
        const at = (y * this.width + x) * 3;
        this.rgb[at] = red;
        this.rgb[at + 1] = green;
        this.rgb[at + 2] = blue;
      }
    }
  }

  /** With round ends. */
  line(from: Point, to: Point, width: number, color: Channels): void {
    const reach = width / 2 + 1;
    const left = Math.max(0, Math.floor(Math.min(from.x, to.x) - reach));
    const right = Math.min(this.width - 1, Math.ceil(Math.max(from.x, to.x) + reach));
    const top = Math.max(0, Math.floor(Math.min(from.y, to.y) - reach));
    const bottom = Math.min(this.height - 1, Math.ceil(Math.max(from.y, to.y) + reach));
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const covered = width / 2 + 0.5 - distance(x + 0.5, y + 0.5, from, to);
        if (covered > 0) this.#blend(x, y, Math.min(1, covered), color);
      }
    }
  }

  #blend(x: number, y: number, share: number, [red, green, blue]: Channels): void {
    const at = (y * this.width + x) * 3;
    this.#mix(at, red, share);
    this.#mix(at + 1, green, share);
    this.#mix(at + 2, blue, share);
  }

  #mix(at: number, value: number, share: number): void {
    const before = this.rgb[at] ?? 0;
    this.rgb[at] = before + (value - before) * share + 0.5;
  }
}

/** Of a point from a line between two. */
function distance(x: number, y: number, from: Point, to: Point): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - from.x) * dx + (y - from.y) * dy) / length));
  const [aside, above] = [x - from.x - along * dx, y - from.y - along * dy];
  return Math.sqrt(aside * aside + above * above);
}
