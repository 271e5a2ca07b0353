/** Charts that pages link to, in memory: the newest, bounded by their number and size. Their ids are secrets: who has one may see the chart. */
import { type Chart, chartSizeBytes } from './chart/chart.ts';
import { drawChart } from './chart/draw-chart.ts';
import { pngOf } from './chart/png.ts';
import { rasterOf } from './chart/raster.ts';
import { svgOf } from './chart/svg.ts';

export interface DrawnChart {
  readonly contentType: 'image/png' | 'image/svg+xml';
  readonly body: Uint8Array;
}

/** A page a minute for eight hours. */
const MOST_CHARTS = 500;
const MOST_BYTES = 16 * 2 ** 20;
const FILE = /^([0-9a-f]{32})\.(png|svg)$/;

export class ChartStore {
  /** By id, oldest first. */
  readonly #charts = new Map<string, Chart>();
  readonly #newId: () => string;
  #sizeBytes = 0;

  /** @param newId 128 bits that nobody can guess, in 32 hexadecimal digits */
  constructor(newId: () => string) {
    this.#newId = newId;
  }

  get size(): number {
    return this.#charts.size;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** @returns the name of its file: `0123….png`; `.svg` is there, too */
  put(chart: Chart): string {
    const id = this.#newId();
    this.#charts.set(id, chart);
    this.#sizeBytes += chartSizeBytes(chart);
    for (const [oldest, old] of this.#charts) {
      if (this.#charts.size <= MOST_CHARTS && this.#sizeBytes <= MOST_BYTES) break;
      this.#charts.delete(oldest);
      this.#sizeBytes -= chartSizeBytes(old);
    }
    return `${id}.png`;
  }

  /** @param file as put gave it
   *  @returns undefined where there is none, or no more
   *  Cost: that of drawing it, 50 ms as PNG. */
  draw(file: string): DrawnChart | undefined {
    const [, id = '', format] = FILE.exec(file) ?? [];
    const chart = this.#charts.get(id);
    if (chart === undefined) return undefined;
    if (format === 'svg') return { contentType: 'image/svg+xml', body: Buffer.from(svgOf(drawChart(chart))) };
    return { contentType: 'image/png', body: chartPng(chart) };
  }
}

export function chartPng(chart: Chart): Buffer {
  return pngOf(rasterOf(drawChart(chart)));
}
