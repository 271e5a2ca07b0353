/** The figures as a table, and what the goals are about. */
import { markdownTable } from '../harness/table.ts';
import type { ScrapeFigures } from './bench.ts';

export interface Headline {
  readonly cpuRatio: number;
  readonly rssRatio: number;
  readonly missed: number;
  readonly jitterMaxMs: number;
}

export function headline(figures: readonly ScrapeFigures[]): Headline {
  const [prometheus, vigie] = figures as [ScrapeFigures, ScrapeFigures];
  return {
    cpuRatio: vigie.cpuShare / prometheus.cpuShare,
    rssRatio: vigie.rssBytes / prometheus.rssBytes,
    missed: vigie.missed,
    jitterMaxMs: vigie.jitterMaxMs,
  };
}

export function markdownOf(figures: readonly ScrapeFigures[]): string {
  const [prometheus, vigie] = figures as [ScrapeFigures, ScrapeFigures];
  const row = (name: string, of: (one: ScrapeFigures) => number, digits: number, ratio = true) => [
    name,
    of(prometheus).toFixed(digits),
    of(vigie).toFixed(digits),
    ratio ? (of(vigie) / of(prometheus)).toFixed(2) : '',
  ];
  return markdownTable(
    ['', 'Prometheus', 'Vigie', 'ratio'],
    [
      row('of a core, %', ({ cpuShare }) => 100 * cpuShare, 2),
      row('RSS at the end, MB', ({ rssBytes }) => rssBytes / 1e6, 0),
      row('peak RSS, MB', ({ peakRssBytes }) => peakRssBytes / 1e6, 0),
      row('scrapes in the window', ({ scrapes }) => scrapes, 0, false),
      row('missed', ({ missed }) => missed, 0, false),
      row('start off its time, ms: median', ({ jitterP50Ms }) => jitterP50Ms, 1, false),
      row('99 %', ({ jitterP99Ms }) => jitterP99Ms, 1, false),
      row('most', ({ jitterMaxMs }) => jitterMaxMs, 1, false),
      row('targets up at the end', ({ targetsUp }) => targetsUp, 0, false),
      row('samples of the last scrapes', ({ samples }) => samples, 0, false),
    ],
  );
}
