/** Alerting beside Alertmanager 0.34 and Prometheus 3.15: each server on the same core, the harness on another, in alternating rounds. Options:
 *  --quick (one round of less), --parts api,webhook,rules,takeover, --rounds N. Each part has a table and a file of results of its own; with fewer
 *  rounds, or --quick, it is for a look and not for the record. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type BenchContext, progress } from '../harness/context.ts';
import { type Cores, claimCores } from '../harness/cores.ts';
import { replaceSection } from '../harness/docs-section.ts';
import { environment } from '../harness/environment.ts';
import { measuredNode } from '../harness/measured-node.ts';
import { ALERTMANAGER_VERSION } from './alertmanager-binary.ts';
import { type ApiFigures, type ApiPlan, measureApi } from './measure-api.ts';
import { measureRules, type RulesFigures, type RulesPlan } from './measure-rules.ts';
import { measureWebhook, probeIn, type WebhookFigures, type WebhookPlan, webhookYaml } from './measure-webhook.ts';
import { type Figures, goalsOf, markdownOf } from './report.ts';
import { type AlertServer, type StartServer, startAlertmanager, startVigie } from './servers.ts';
import { runTakeover, type TakeoverOptions } from './takeover.ts';
import { openWebhookSink } from './webhook-sink.ts';

interface Plan {
  readonly rounds: number;
  readonly api: ApiPlan;
  readonly webhook: WebhookPlan;
  readonly rules: Omit<RulesPlan, 'rounds'>;
  readonly takeover: TakeoverOptions;
}

const FULL: Plan = {
  rounds: 5,
  api: { alerts: 10_000, clients: 10, passes: 8, lists: 10 },
  webhook: { alerts: 10_000, probes: 150, groupWaitMs: 2000, groupIntervalMs: 10_000 },
  rules: { series: 100_000, historyMs: 6 * 60_000 },
  takeover: { runs: 100 },
};
const QUICK: Plan = {
  rounds: 1,
  api: { alerts: 2000, clients: 10, passes: 4, lists: 5 },
  webhook: { alerts: 2000, probes: 50, groupWaitMs: 1000, groupIntervalMs: 10_000 },
  rules: { series: 20_000, historyMs: 3 * 60_000 },
  takeover: { runs: 8 },
};

const PARTS = {
  api: async (stage: Stage, plan: Plan): Promise<Figures> => ({ api: await apiRounds(stage, plan) }),
  webhook: async (stage: Stage, plan: Plan): Promise<Figures> => ({ webhook: await webhookRounds(stage, plan) }),
  rules: async (stage: Stage, plan: Plan): Promise<Figures> => ({ rules: await rulesRounds(stage, plan) }),
  takeover: async ({ context }: Stage, plan: Plan): Promise<Figures> => ({
    takeover: await runTakeover(context, plan.takeover),
  }),
} as const;

type Part = keyof typeof PARTS;
const ALL_PARTS: readonly Part[] = ['api', 'webhook', 'rules', 'takeover'];

interface Stage {
  readonly context: BenchContext;
  readonly cores: Cores;
  readonly folder: string;
}

export async function run(context: BenchContext): Promise<void> {
  const { values } = parseArgs({
    args: [...context.args],
    options: {
      quick: { type: 'boolean', default: false },
      parts: { type: 'string', default: ALL_PARTS.join(',') },
      rounds: { type: 'string' },
    },
  });
  const size = values.quick ? QUICK : FULL;
  const plan: Plan = { ...size, rounds: Number(values.rounds ?? size.rounds) };
  const parts = partsOf(values.parts);
  const folder = mkdtempSync(join(tmpdir(), 'vigie-bench-alerting-'));
  try {
    const stage: Stage = { context, cores: claimCores(), folder };
    const isFull = !values.quick && plan.rounds >= FULL.rounds;
    for (const part of parts) report(stage, plan, { part, figures: await PARTS[part](stage, plan), isFull });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function partsOf(written: string): readonly Part[] {
  return written.split(',').map((name) => {
    const part = ALL_PARTS.find((known) => known === name);
    if (part === undefined) throw new Error(`--parts: expected some of ${ALL_PARTS.join(',')}, got ${name}`);
    return part;
  });
}

/** Who begins changes with each round. */
async function eachServer<T>(
  { context, cores, folder }: Stage,
  { part, rounds, config }: { readonly part: Part; readonly rounds: number; readonly config: string },
  measure: (server: AlertServer, round: number) => Promise<T>,
): Promise<readonly T[]> {
  const measured: T[] = [];
  for (let round = 0; round < rounds; round++) {
    const order: readonly StartServer[] = [startAlertmanager, startVigie];
    for (const [place, start] of (round % 2 === 0 ? order : order.toReversed()).entries()) {
      const server = await start(context, cores, join(folder, `${part}-${round}-${place}`), config);
      try {
        measured.push(await measure(server, round));
      } finally {
        await server.program.end();
      }
    }
  }
  return measured;
}

/** Nobody is told within the round: what telling costs is not what is asked here. */
const QUIET_YAML =
  'route: { receiver: none, group_by: [alertname, namespace], group_wait: 1h }\nreceivers: [{ name: none }]\n';

function apiRounds(stage: Stage, { api, rounds }: Plan): Promise<readonly ApiFigures[]> {
  return eachServer(stage, { part: 'api', rounds, config: QUIET_YAML }, async (server, round) => {
    const figures = await measureApi(server, api);
    const { alertsPerSecond, cpuSeconds, listMs, pages } = figures;
    progress(
      `${round}: ${server.name}: ${alertsPerSecond.toFixed(0)} alerts/s, ${cpuSeconds.toFixed(2)} CPU-seconds, list ${listMs.toFixed(0)} ms${pages === undefined ? '' : `, page ${pages.p99Ms.toFixed(1)} ms`}`,
    );
    return figures;
  });
}

async function webhookRounds(stage: Stage, { webhook, rounds }: Plan): Promise<readonly WebhookFigures[]> {
  const sink = await openWebhookSink(probeIn);
  try {
    const config = webhookYaml(sink.url, webhook);
    return await eachServer(stage, { part: 'webhook', rounds, config }, async (server, round) => {
      const figures = await measureWebhook(server, sink, round, webhook);
      progress(
        `${round}: ${server.name}: median ${figures.p50Ms.toFixed(1)}, 99 % ${figures.p99Ms.toFixed(1)} ms beyond group_wait`,
      );
      return figures;
    });
  } finally {
    await sink.close();
  }
}

async function rulesRounds(stage: Stage, { rules, rounds }: Plan): Promise<readonly RulesFigures[]> {
  const sink = await openWebhookSink(() => undefined);
  try {
    return await measureRules({ ...stage, sinkUrl: sink.url }, { ...rules, rounds });
  } finally {
    await sink.close();
  }
}

interface Measured {
  readonly part: Part;
  readonly figures: Figures;
  readonly isFull: boolean;
}

function report({ context, cores }: Stage, plan: Plan, { part, figures, isFull }: Measured): void {
  const about = environment(context.rootDir);
  const resultsDir = join(context.rootDir, 'bench/results');
  mkdirSync(resultsDir, { recursive: true });
  const result = {
    environment: about,
    alertmanager: ALERTMANAGER_VERSION,
    rounds: plan.rounds,
    plan: plan[part],
    cores,
    goals: goalsOf(figures),
    ...figures,
  };
  const file = isFull ? `alerting-${part}.json` : `alerting-${part}.partial.json`;
  writeFileSync(join(resultsDir, file), `${JSON.stringify(result, null, 2)}\n`);
  const rounds = part === 'takeover' ? '' : `Medians of ${plan.rounds} rounds. `;
  const footer = `${rounds}${about.summary}. Vigie on Node ${measuredNode().nodeVersion}, Alertmanager ${ALERTMANAGER_VERSION}, Prometheus 3.15.`;
  const markdown = `${markdownOf(figures)}\n\n${footer}`;
  if (isFull) replaceSection(join(context.rootDir, 'docs/benchmarks.md'), `alerting-${part}`, markdown);
  console.log(markdown);
}
