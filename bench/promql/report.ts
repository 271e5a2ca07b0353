/** The figures as tables, and what the goals are about. */
import { markdownTable } from '../harness/table.ts';
import type { LoadFigures } from './bench.ts';
import type { QueryFigures } from './measure-queries.ts';

export interface Headline {
  /** Geometric mean of latencies, Vigie's over Prometheus'. */
  readonly latencyRatio: number;
  readonly worstRatio: number;
  readonly worstQuery: string;
  readonly rssRatio: number;
  readonly cpuRatio: number;
  /** Queries whose answers are not equal to 1e-9. */
  readonly different: number;
}

export function headline(loads: readonly LoadFigures[], queries: readonly QueryFigures[]): Headline {
  const [prometheus, vigie] = loads as [LoadFigures, LoadFigures];
  const worst = queries.reduce((a, b) => (b.ratio > a.ratio ? b : a));
  return {
    latencyRatio: Math.exp(queries.reduce((sum, { ratio }) => sum + Math.log(ratio), 0) / queries.length),
    worstRatio: worst.ratio,
    worstQuery: worst.name,
    rssRatio: vigie.rssBytes / prometheus.rssBytes,
    cpuRatio: vigie.cpuSeconds / prometheus.cpuSeconds,
    different: queries.filter(({ difference }) => difference !== undefined).length,
  };
}

export function markdownOf(loads: readonly LoadFigures[], queries: readonly QueryFigures[]): string {
  const [prometheus, vigie] = loads as [LoadFigures, LoadFigures];
  const { latencyRatio, worstRatio, rssRatio, cpuRatio, different } = headline(loads, queries);
  const perMillion = ({ cpuSeconds, samples }: LoadFigures): string => ((cpuSeconds * 1e6) / samples).toFixed(2);
  const megabytes = ({ rssBytes }: LoadFigures): string => (rssBytes / 1e6).toFixed(0);
  const totals = markdownTable(
    ['', 'Prometheus', 'Vigie', 'ratio'],
    [
      ['CPU-seconds per million samples written', perMillion(prometheus), perMillion(vigie), cpuRatio.toFixed(2)],
      ['RSS after that, MB', megabytes(prometheus), megabytes(vigie), rssRatio.toFixed(2)],
      ['latency of queries, geometric mean', '', '', latencyRatio.toFixed(2)],
      ['the slowest beside Prometheus', '', '', worstRatio.toFixed(2)],
    ],
  );
  const rows = queries.map(({ name, series, prometheusMs, vigieMs, ratio }) => [
    name,
    String(series),
    prometheusMs.toFixed(1),
    vigieMs.toFixed(1),
    ratio.toFixed(2),
  ]);
  const each = markdownTable(['query', 'series in the answer', 'Prometheus, ms', 'Vigie, ms', 'ratio'], rows);
  const equal = different === 0 ? 'All answers are equal to 1e-9.' : `${different} answers differ.`;
  return `${totals}\n\n${each}\n\n${equal}`;
}
