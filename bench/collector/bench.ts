/** The collector beside Prometheus 3.15: the same targets with the same prometheus.yml, one after the other on the same core, the
 *  targets on another. Options: --quick (20 targets, a minute), --targets N, --series N, --minutes N, --only vigie|prometheus, --sleeping (cores that may
 *  sleep: see harness/awake.ts). Anything but a full run is for a look and not for the record. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { keepAwake } from '../harness/awake.ts';
import { startProgram } from '../harness/child.ts';
import { type BenchContext, progress } from '../harness/context.ts';
import { type Cores, claimCores } from '../harness/cores.ts';
import { replaceSection } from '../harness/docs-section.ts';
import { environment } from '../harness/environment.ts';
import { measuredNode } from '../harness/measured-node.ts';
import { cpuSecondsOf, memoryOf } from '../harness/proc-stats.ts';
import { type Contender, prometheusYaml, type StartContender, startPrometheus, startVigie } from './contenders.ts';
import { headline, markdownOf } from './report.ts';
import { type ScrapeTimes, scrapeTimes } from './scrape-times.ts';

const FULL = { targets: 200, series: 1_000, minutes: 5 };
const QUICK = { targets: 20, series: 1_000, minutes: 1 };
const INTERVAL_SECONDS = 15;
/** Every target has been scraped, twice at least, and what starting costs is over. */
const WARM_UP_MS = 45_000;
/** Each target has so many bodies; their counters begin anew after them, as those of a pod that restarts. */
const BODIES = 8;

export interface ScrapeFigures extends ScrapeTimes {
  readonly contender: string;
  /** Of the core. */
  readonly cpuShare: number;
  readonly rssBytes: number;
  readonly peakRssBytes: number;
  /** What it says of the last scrapes itself. */
  readonly targetsUp: number;
  readonly samples: number;
}

export async function run(context: BenchContext): Promise<void> {
  const { values } = parseArgs({
    args: [...context.args],
    options: {
      quick: { type: 'boolean', default: false },
      targets: { type: 'string' },
      series: { type: 'string' },
      minutes: { type: 'string' },
      only: { type: 'string' },
      sleeping: { type: 'boolean', default: false },
    },
  });
  const size = values.quick ? QUICK : FULL;
  const plan = {
    targets: Number(values.targets ?? size.targets),
    series: Number(values.series ?? size.series),
    minutes: Number(values.minutes ?? size.minutes),
  };
  const isAwake = !values.sleeping;
  const cores = claimCores();
  const folder = mkdtempSync(join(tmpdir(), 'vigie-bench-collector-'));
  const targets = startProgram({
    command: process.execPath,
    args: [context.program('targets.process'), ...[plan.targets, plan.series, BODIES].map(String)],
    core: cores.sink,
    cwd: folder,
    outputFile: join(folder, 'targets'),
  });
  const letSleep = isAwake ? keepAwake([cores.agent, cores.sink], folder) : async () => undefined;
  try {
    targets.release();
    const [, control = '', ports = ''] = await targets.saying(/^ready (\d+) ([\d ]+)$/m);
    const config = prometheusYaml(ports.split(' '), INTERVAL_SECONDS);
    const figures: ScrapeFigures[] = [];
    for (const [name, start] of Object.entries({ prometheus: startPrometheus, vigie: startVigie })) {
      if ((values.only ?? name) !== name) continue;
      figures.push(await measure({ context, cores, folder, config, control, windowMs: plan.minutes * 60_000 }, start));
    }
    if (values.only === undefined) report(context, cores, { ...plan, isAwake }, figures);
  } finally {
    await letSleep();
    await targets.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Stage {
  readonly context: BenchContext;
  readonly cores: Cores;
  readonly folder: string;
  readonly config: string;
  readonly control: string;
  readonly windowMs: number;
}

async function measure(stage: Stage, start: StartContender): Promise<ScrapeFigures> {
  const { context, cores, folder, config, control, windowMs } = stage;
  const contender = await start(context, cores, folder, config);
  try {
    const { pid } = contender.program;
    progress(`${contender.name} scrapes for ${windowMs / 1000} s`);
    await setTimeout(WARM_UP_MS);
    await arrivals(control);
    const cpuBefore = cpuSecondsOf(pid);
    const beganMs = performance.now();
    await setTimeout(windowMs);
    const cpuShare = (cpuSecondsOf(pid) - cpuBefore) / ((performance.now() - beganMs) / 1000);
    const times = scrapeTimes(await arrivals(control), INTERVAL_SECONDS * 1000);
    const memory = memoryOf(pid);
    const [targetsUp, samples] = [await ask(contender, 'sum(up)'), await ask(contender, 'sum(scrape_samples_scraped)')];
    progress(`${contender.name}: ${(cpuShare * 100).toFixed(2)} % of a core, ${(memory.rssBytes / 1e6).toFixed(0)} MB`);
    return { contender: contender.name, ...times, cpuShare, ...memory, targetsUp, samples };
  } finally {
    await contender.program.end();
  }
}

async function arrivals(control: string): Promise<readonly (readonly number[])[]> {
  const body: unknown = await (await fetch(`http://127.0.0.1:${control}/arrivals`)).json();
  if (!Array.isArray(body)) throw new Error('the targets do not say when they were asked');
  return body.map((times: unknown) => (Array.isArray(times) ? times.map(Number) : []));
}

async function ask({ url }: Contender, query: string): Promise<number> {
  const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(query)}`);
  const [, value] = /"value":\[[\d.]+,"([^"]+)"\]/.exec(await answer.text()) ?? [];
  return Number(value);
}

interface Plan {
  readonly targets: number;
  readonly series: number;
  readonly minutes: number;
  readonly isAwake: boolean;
}

function report(context: BenchContext, cores: Cores, plan: Plan, figures: readonly ScrapeFigures[]): void {
  const isFull =
    plan.isAwake && plan.targets >= FULL.targets && plan.series >= FULL.series && plan.minutes >= FULL.minutes;
  const about = environment(context.rootDir);
  const { nodeVersion } = measuredNode();
  const resultsDir = join(context.rootDir, 'bench/results');
  mkdirSync(resultsDir, { recursive: true });
  const result = { environment: about, nodeVersion, plan, cores, headline: headline(figures), figures };
  const file = isFull ? 'collector.json' : 'collector.partial.json';
  writeFileSync(join(resultsDir, file), `${JSON.stringify(result, null, 2)}\n`);
  const size = `${plan.targets} targets of ${plan.series} series, every ${INTERVAL_SECONDS} s, for ${plan.minutes} min after ${WARM_UP_MS / 1000} s, on cores that ${plan.isAwake ? 'are kept awake' : 'may sleep'}`;
  const markdown = `${markdownOf(figures)}\n\n${size}. ${about.summary}. Vigie on Node ${nodeVersion}.`;
  if (isFull) replaceSection(join(context.rootDir, 'docs/benchmarks.md'), 'collector', markdown);
  console.log(markdown);
}
