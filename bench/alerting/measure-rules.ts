/** What evaluating rules costs: the CPU time of an interval with them, less that of one without. Those who are not measured are stopped, and get
 *  what they missed before it is their turn again. */
import { writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { progress } from '../harness/context.ts';
import { cpuSecondsOf, memoryOf } from '../harness/proc-stats.ts';
import { median } from '../harness/statistics.ts';
import { clusterSeries } from '../promql/cluster-series.ts';
import { closeConnections } from '../promql/http.ts';
import { Feed, INTERVAL_MS } from './feed.ts';
import {
  type ArmName,
  type ArmStage,
  type RuleArm,
  startOneProcessArm,
  startPrometheusArm,
  startVigieArm,
} from './rule-arms.ts';
import { ruleFile } from './rule-corpus.ts';

export interface RulesPlan {
  readonly series: number;
  readonly rounds: number;
  /** Of samples, before the first evaluation. */
  readonly historyMs: number;
}

interface Window {
  readonly cpuSeconds: number;
  readonly evaluations: number;
}

export interface RulesFigures {
  readonly server: ArmName;
  /** CPU seconds of an interval of 15 s with its scrape and without rules. */
  readonly idleCpuSeconds: number;
  /** With them. */
  readonly windows: readonly Window[];
  /** Median of those, less idle, for each thousand evaluations. */
  readonly cpuSecondsPerThousand: number;
  readonly failures: number;
  readonly rssBytes: number;
}

interface Running {
  readonly arm: RuleArm;
  readonly feed: Feed;
  readonly windows: Window[];
  idleCpuSeconds: number;
}

/** Evaluations that were due meanwhile are over, and garbage is collected. */
const AFTER_RESUME_MS = 5000;

export async function measureRules(stage: ArmStage, plan: RulesPlan): Promise<readonly RulesFigures[]> {
  const series = clusterSeries(plan.series);
  const startMs = Math.floor(Date.now() / INTERVAL_MS) * INTERVAL_MS - plan.historyMs;
  const running: Running[] = [];
  try {
    for (const start of [startPrometheusArm, startVigieArm, startOneProcessArm]) {
      const arm = await start(stage);
      const feed = new Feed(arm.writeUrl, series, startMs);
      running.push({ arm, feed, windows: [], idleCpuSeconds: Number.NaN });
      await feed.catchUp(Date.now());
      progress(`${arm.name}: ${series.length} series of ${plan.historyMs / 60_000} min written`);
      signalAll(arm, 'SIGSTOP');
    }
    for (const one of running) one.idleCpuSeconds = (await inTurn(one, () => measureWindow(one))).cpuSeconds;
    for (const one of running) {
      await inTurn(one, async () => {
        writeFileSync(one.arm.rulesFile, ruleFile());
        process.kill(one.arm.evaluator.pid, 'SIGHUP');
        await setTimeout(INTERVAL_MS);
      });
    }
    for (let round = 0; round < plan.rounds; round++) {
      for (const one of running) {
        const window = await inTurn(one, () => measureWindow(one));
        one.windows.push(window);
        progress(`${one.arm.name}: ${window.cpuSeconds.toFixed(2)} CPU-seconds, ${window.evaluations} evaluations`);
      }
    }
    return await Promise.all(running.map(figuresOf));
  } finally {
    for (const { arm } of running) {
      signalAll(arm, 'SIGCONT');
      for (const program of arm.programs) await program.end();
    }
    closeConnections();
  }
}

/** The others stand still. */
async function inTurn<T>({ arm, feed }: Running, measure: () => Promise<T>): Promise<T> {
  // Servers close what was idle for as long as they were stopped.
  closeConnections();
  signalAll(arm, 'SIGCONT');
  try {
    await feed.catchUp(Date.now());
    await setTimeout(AFTER_RESUME_MS);
    return await measure();
  } finally {
    signalAll(arm, 'SIGSTOP');
  }
}

/** Of one interval: each rule is evaluated once, and one scrape is written. */
async function measureWindow({ arm, feed }: Running): Promise<Window> {
  await feed.catchUp(Date.now());
  const before = await arm.counts();
  const cpuBefore = cpuOf(arm);
  const endMs = Date.now() + INTERVAL_MS;
  await setTimeout(Math.max(0, feed.nextMs - Date.now()));
  await feed.catchUp(feed.nextMs);
  await setTimeout(Math.max(0, endMs - Date.now()));
  const cpuSeconds = cpuOf(arm) - cpuBefore;
  const { evaluations } = await arm.counts();
  return { cpuSeconds, evaluations: evaluations - before.evaluations };
}

async function figuresOf({ arm, windows, idleCpuSeconds }: Running): Promise<RulesFigures> {
  signalAll(arm, 'SIGCONT');
  const { failures } = await arm.counts();
  return {
    server: arm.name,
    idleCpuSeconds,
    windows,
    cpuSecondsPerThousand: median(windows.map((one) => ((one.cpuSeconds - idleCpuSeconds) * 1000) / one.evaluations)),
    failures,
    rssBytes: arm.programs.reduce((sum, { pid }) => sum + memoryOf(pid).rssBytes, 0),
  };
}

function cpuOf({ programs }: RuleArm): number {
  return programs.reduce((sum, { pid }) => sum + cpuSecondsOf(pid), 0);
}

function signalAll({ programs }: RuleArm, signal: 'SIGSTOP' | 'SIGCONT'): void {
  for (const { pid } of programs) process.kill(pid, signal);
}
