/** A native histogram as text: what it sums up, and a bar for each bucket. */
import type { Paint } from '../terminal/style.ts';
import { textWidth } from '../terminal/text-width.ts';
import { alignNumbers } from './align-numbers.ts';
import type { HistogramValue } from './answer.ts';

const BAR_CELLS = 24;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;

export function histogramSummary({ count, sum }: HistogramValue): string {
  return `count ${count}, sum ${sum}`;
}

/** A line for each bucket that holds something. */
export function bucketLines({ buckets }: HistogramValue, paint: Paint): readonly string[] {
  const counts = alignNumbers(buckets.map(({ count }) => count));
  const boundsWidth = Math.max(0, ...buckets.map(({ bounds }) => textWidth(bounds)));
  const countWidth = Math.max(0, ...counts.map(textWidth));
  const largest = Math.max(...buckets.map(({ count }) => sizeOf(count)));
  return buckets.map(({ bounds, count }, index) => {
    const text = `${bounds.padEnd(boundsWidth)}  ${(counts[index] ?? '').padEnd(countWidth)}  `;
    return `${text}${paint(bar(sizeOf(count) / largest), { sgr: 36 })}`.trimEnd();
  });
}

/** A difference of histograms may have negative buckets, which have no bar. */
function sizeOf(count: string): number {
  const size = Number(count);
  return size > 0 ? size : 0;
}

function bar(fraction: number): string {
  if (!(fraction > 0)) return '';
  const eighths = Math.max(1, Math.round(Math.min(1, fraction) * BAR_CELLS * 8));
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}
