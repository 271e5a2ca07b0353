/** Vigie's database and PromQL beside Prometheus 3.15: the same samples by remote write, then the same queries, each server on
 *  the same core and the harness on another. Every answer is compared. Options: --quick (10,000 series, 20 min), --series N,
 *  --minutes N, --runs N. Anything but a full run is for a look and not for the record. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type BenchContext, progress } from '../harness/context.ts';
import { type Cores, claimCores } from '../harness/cores.ts';
import { replaceSection } from '../harness/docs-section.ts';
import { environment } from '../harness/environment.ts';
import { measuredNode } from '../harness/measured-node.ts';
import { cpuSecondsOf, memoryOf } from '../harness/proc-stats.ts';
import { clusterSeries } from './cluster-series.ts';
import { closeConnections } from './http.ts';
import { ingest, type Load } from './ingest.ts';
import { measureQueries, type QueryFigures } from './measure-queries.ts';
import { headline, markdownOf } from './report.ts';
import { type Server, startPrometheus, startVigie } from './servers.ts';

const FULL = { series: 100_000, minutes: 120, runs: 7 };
const QUICK = { series: 10_000, minutes: 20, runs: 5 };
const INTERVAL_MS = 15_000;
const START_MS = Date.UTC(2026, 10, 21);
/** Until a server has done what it puts off: its garbage, its log. */
const SETTLE_MS = 10_000;

/** What loading cost one of them. */
export interface LoadFigures {
  readonly server: string;
  readonly samples: number;
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly rssBytes: number;
  readonly peakRssBytes: number;
}

export async function run(context: BenchContext): Promise<void> {
  const { values } = parseArgs({
    args: [...context.args],
    options: {
      quick: { type: 'boolean', default: false },
      series: { type: 'string' },
      minutes: { type: 'string' },
      runs: { type: 'string' },
    },
  });
  const size = values.quick ? QUICK : FULL;
  const plan = {
    series: Number(values.series ?? size.series),
    minutes: Number(values.minutes ?? size.minutes),
    runs: Number(values.runs ?? size.runs),
  };
  const cores = claimCores();
  const folder = mkdtempSync(join(tmpdir(), 'vigie-bench-promql-'));
  const servers: Server[] = [];
  try {
    const scrapes = (plan.minutes * 60_000) / INTERVAL_MS;
    const load: Load = { series: clusterSeries(plan.series), scrapes, startMs: START_MS, intervalMs: INTERVAL_MS };
    const loads: LoadFigures[] = [];
    for (const start of [startPrometheus, startVigie]) {
      const server = await start(context, cores, folder);
      servers.push(server);
      loads.push(await measureLoad(server, load));
    }
    const [prometheus, vigie] = servers as [Server, Server];
    const endMs = START_MS + (scrapes - 1) * INTERVAL_MS;
    const queries = await measureQueries(prometheus, vigie, { endMs, minutes: plan.minutes, runs: plan.runs });
    report(context, cores, { ...plan, isFull: isFull(plan) }, loads, queries);
  } finally {
    closeConnections();
    for (const server of servers) await server.program.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

function isFull({ series, minutes, runs }: typeof FULL): boolean {
  return series >= FULL.series && minutes >= FULL.minutes && runs >= FULL.runs;
}

async function measureLoad(server: Server, load: Load): Promise<LoadFigures> {
  const { pid } = server.program;
  progress(`${server.name}: ${load.series.length} series, ${load.scrapes} scrapes`);
  const cpuBefore = cpuSecondsOf(pid);
  const startedMs = performance.now();
  const samples = await ingest(server.writeUrl, load);
  const wallSeconds = (performance.now() - startedMs) / 1000;
  await setTimeout(SETTLE_MS);
  const cpuSeconds = cpuSecondsOf(pid) - cpuBefore;
  const figures = { server: server.name, samples, cpuSeconds, wallSeconds, ...memoryOf(pid) };
  progress(
    `${server.name}: ${((cpuSeconds * 1e6) / samples).toFixed(2)} CPU-seconds a million, ${(figures.rssBytes / 1e6).toFixed(0)} MB`,
  );
  return figures;
}

function report(
  context: BenchContext,
  cores: Cores,
  plan: typeof FULL & { readonly isFull: boolean },
  loads: readonly LoadFigures[],
  queries: readonly QueryFigures[],
): void {
  const about = environment(context.rootDir);
  const resultsDir = join(context.rootDir, 'bench/results');
  mkdirSync(resultsDir, { recursive: true });
  const result = { environment: about, plan, cores, headline: headline(loads, queries), loads, queries };
  const file = plan.isFull ? 'promql.json' : 'promql.partial.json';
  writeFileSync(join(resultsDir, file), `${JSON.stringify(result, null, 2)}\n`);
  const footer = `${plan.series} series, ${plan.minutes} min at 15 s, medians of ${plan.runs}. ${about.summary}. Vigie on Node ${measuredNode().nodeVersion}.`;
  const markdown = `${markdownOf(loads, queries)}\n\n${footer}`;
  if (plan.isFull) replaceSection(join(context.rootDir, 'docs/benchmarks.md'), 'promql', markdown);
  console.log(markdown);
}
