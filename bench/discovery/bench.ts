/** A cluster of 20,000 pods, 50 of which are replaced every second: what knowing them adds to a collector, and how soon a new target is
 *  scraped. Options: --quick (2,000 pods, 15 s; writes nothing), --pods N, --rate N, --seconds N. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort } from '../../test/real/parts/free-port.ts';
import { type Program, startProgram } from '../harness/child.ts';
import { type BenchContext, progress } from '../harness/context.ts';
import { type Cores, claimCores } from '../harness/cores.ts';
import { replaceSection } from '../harness/docs-section.ts';
import { environment } from '../harness/environment.ts';
import { measuredNode } from '../harness/measured-node.ts';
import { cpuSecondsOf, memoryOf } from '../harness/proc-stats.ts';
import { answers200 } from '../harness/ready.ts';
import { median, quantile } from '../harness/statistics.ts';
import { markdownTable } from '../harness/table.ts';
import { IMAGE_ENV, IMAGE_FLAGS } from '../logs/vigie.ts';
import { collectorYaml, PARTS, type Parts } from './collector-config.ts';

const FULL = { pods: 20_000, rate: 50, seconds: 120 };
const QUICK = { pods: 2_000, rate: 20, seconds: 15 };
/** What starting costs is over. */
const WARM_UP_MS = 20_000;
const QUICK_WARM_UP_MS = 5_000;

type Plan = typeof FULL & { readonly warmUpMs: number };

interface Churned {
  readonly latenciesMs: readonly number[];
  readonly replaced: number;
  readonly behindMs: number;
  /** Targets that nobody asked in the five seconds after Ready. */
  readonly overdue: number;
}

interface Reading {
  readonly parts: Parts;
  /** Of a collector with the same configuration in a cluster without a pod. */
  readonly emptyRssBytes: number;
  /** Median of the window. */
  readonly rssBytes: number;
  readonly mostRssBytes: number;
  /** The first list among it. */
  readonly peakRssBytes: number;
  readonly coreShare: number;
  readonly targets: number;
  readonly replaced: number;
  readonly overdue: number;
  readonly churnBehindMs: number;
  readonly newTargets: number;
  readonly firstScrapeP50Ms: number;
  readonly firstScrapeP99Ms: number;
  readonly firstScrapeMaxMs: number;
}

export async function run(context: BenchContext): Promise<void> {
  const { values } = parseArgs({
    args: [...context.args],
    options: {
      quick: { type: 'boolean', default: false },
      pods: { type: 'string' },
      rate: { type: 'string' },
      seconds: { type: 'string' },
    },
  });
  const size = values.quick ? QUICK : FULL;
  const plan: Plan = {
    pods: Number(values.pods ?? size.pods),
    rate: Number(values.rate ?? size.rate),
    seconds: Number(values.seconds ?? size.seconds),
    warmUpMs: values.quick ? QUICK_WARM_UP_MS : WARM_UP_MS,
  };
  const cores = claimCores();
  const readings: Reading[] = [];
  for (const parts of PARTS) readings.push(await measure(context, cores, plan, parts));
  const table = markdownTable(
    [
      'parts',
      'added RSS, MB',
      'the most',
      'while it lists',
      'of a core',
      'Ready to first scrape: p50, ms',
      'p99, ms',
      'longest, ms',
      'later than 5 s',
    ],
    readings.map((one) => [
      one.parts,
      ((one.rssBytes - one.emptyRssBytes) / 1e6).toFixed(0),
      ((one.mostRssBytes - one.emptyRssBytes) / 1e6).toFixed(0),
      ((one.peakRssBytes - one.emptyRssBytes) / 1e6).toFixed(0),
      `${(one.coreShare * 100).toFixed(1)} %`,
      one.firstScrapeP50Ms.toFixed(0),
      one.firstScrapeP99Ms.toFixed(0),
      one.firstScrapeMaxMs.toFixed(0),
      `${one.overdue} of ${one.newTargets}`,
    ]),
  );
  console.log(table);
  if (values.quick) return;
  const about = environment(context.rootDir);
  const isFull = plan.pods >= FULL.pods && plan.rate >= FULL.rate && plan.seconds >= FULL.seconds;
  mkdirSync(join(context.rootDir, 'bench/results'), { recursive: true });
  const file = isFull ? 'discovery.json' : 'discovery.partial.json';
  const result = { environment: about, plan, cores, readings };
  writeFileSync(join(context.rootDir, 'bench/results', file), `${JSON.stringify(result, null, 2)}\n`);
  if (!isFull) return;
  const footer = `${plan.pods} pods, ${plan.rate} replaced a second for ${plan.seconds} s. ${about.summary}, Node ${measuredNode().nodeVersion}.`;
  replaceSection(join(context.rootDir, 'docs/benchmarks.md'), 'discovery', `${table}\n\n${footer}`);
}

async function measure(context: BenchContext, cores: Cores, plan: Plan, parts: Parts): Promise<Reading> {
  progress(`${parts}: a cluster without pods`);
  const emptyRssBytes = await withCluster(context, cores, { ...plan, pods: 0 }, parts, async ({ pid }) => {
    await setTimeout(plan.warmUpMs);
    return medianRss(pid, 10);
  });
  progress(`${parts}: ${plan.pods} pods, ${plan.rate} replaced a second for ${plan.seconds} s`);
  return withCluster(context, cores, plan, parts, async ({ pid, podsUrl, url }) => {
    await setTimeout(plan.warmUpMs);
    await fetch(`${podsUrl}/churn`, { method: 'POST' });
    // The first changes find code that has never run.
    await setTimeout(plan.warmUpMs / 2);
    const before = await figures(podsUrl);
    const cpuBefore = cpuSecondsOf(pid);
    const beganMs = performance.now();
    const samples: number[] = [];
    while (performance.now() - beganMs < plan.seconds * 1000) {
      samples.push(memoryOf(pid).rssBytes);
      await setTimeout(1000);
    }
    const coreShare = (cpuSecondsOf(pid) - cpuBefore) / ((performance.now() - beganMs) / 1000);
    const after = await figures(podsUrl);
    const latenciesMs = after.latenciesMs.slice(before.latenciesMs.length);
    return {
      parts,
      emptyRssBytes,
      rssBytes: median(samples),
      mostRssBytes: quantile(samples, 1),
      peakRssBytes: memoryOf(pid).peakRssBytes,
      coreShare,
      targets: await upTargets(url),
      replaced: after.replaced - before.replaced,
      overdue: after.overdue,
      churnBehindMs: after.behindMs,
      newTargets: latenciesMs.length + after.overdue,
      firstScrapeP50Ms: quantile(latenciesMs, 0.5),
      firstScrapeP99Ms: quantile(latenciesMs, 0.99),
      firstScrapeMaxMs: quantile(latenciesMs, 1),
    };
  });
}

interface Running {
  /** Of the collector. */
  readonly pid: number;
  readonly url: string;
  readonly podsUrl: string;
}

async function withCluster<T>(
  context: BenchContext,
  cores: Cores,
  { pods, rate }: Plan,
  parts: Parts,
  use: (running: Running) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'vigie-bench-discovery-'));
  const cluster = startProgram({
    command: process.execPath,
    args: [context.program('cluster.process'), String(pods), String(rate)],
    core: cores.sink,
    cwd: folder,
    outputFile: join(folder, 'cluster'),
  });
  let collector: Program | undefined;
  try {
    cluster.release();
    const [, api = '', podPort = ''] = await cluster.saying(/^ready (\d+) (\d+)$/m);
    const started = await startCollector(context, cores, folder, api, parts);
    collector = started.program;
    return await use({ pid: collector.pid, url: started.url, podsUrl: `http://127.0.0.1:${podPort}` });
  } finally {
    await collector?.end();
    await cluster.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startCollector(
  context: BenchContext,
  cores: Cores,
  folder: string,
  apiPort: string,
  parts: Parts,
): Promise<{ readonly program: Program; readonly url: string }> {
  const [config, kubeconfig] = [join(folder, 'collector.yaml'), join(folder, 'kubeconfig')];
  writeFileSync(config, collectorYaml(parts));
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${apiPort}` } }],
      contexts: [{ name: 'c', context: { cluster: 'c' } }],
      'current-context': 'c',
    }),
  );
  const address = `127.0.0.1:${await freePort()}`;
  const profile = process.env.VIGIE_BENCH_PROFILE;
  const program = startProgram({
    command: measuredNode().nodePath,
    args: [
      ...IMAGE_FLAGS,
      ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]),
      join(context.rootDir, 'packages/cli/dist/vigie.cjs'),
      'collector',
      '--config',
      config,
      '--listen',
      address,
    ],
    core: cores.agent,
    cwd: folder,
    env: { ...IMAGE_ENV, KUBECONFIG: kubeconfig },
    outputFile: join(folder, 'collector'),
  });
  program.release();
  await answers200(`http://${address}/readyz`, program);
  return { program, url: `http://${address}` };
}

async function medianRss(pid: number, seconds: number): Promise<number> {
  const samples: number[] = [];
  for (let second = 0; second < seconds; second++) {
    samples.push(memoryOf(pid).rssBytes);
    await setTimeout(1000);
  }
  return median(samples);
}

async function figures(podsUrl: string): Promise<Churned> {
  // The program is of this benchmark.
  return (await (await fetch(`${podsUrl}/figures`)).json()) as Churned;
}

async function upTargets(url: string): Promise<number> {
  const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent('sum(up{job="pods"})')}`);
  const [, value] = /"value":\[[\d.]+,"([^"]+)"\]/.exec(await answer.text()) ?? [];
  return Number(value);
}
