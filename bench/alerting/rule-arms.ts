/** Who evaluates the rules: each with a database that takes remote write, and stopped while another is measured. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../test/real/parts/free-port.ts';
import { installPrometheus } from '../../test/real/parts/prometheus-binary.ts';
import { type Program, startProgram } from '../harness/child.ts';
import type { BenchContext } from '../harness/context.ts';
import type { Cores } from '../harness/cores.ts';
import { answers200 } from '../harness/ready.ts';
import { agentUnderTest, IMAGE_ENV, IMAGE_FLAGS } from '../logs/vigie.ts';
import { Client } from './requests.ts';
import { profiled, startVigiePart } from './servers.ts';

export type ArmName = 'prometheus' | 'vigie' | 'vigie in one process';

export interface RuleArm {
  readonly name: ArmName;
  readonly programs: readonly Program[];
  readonly writeUrl: string;
  /** The process that evaluates: of its file of rules, which SIGHUP reads again. */
  readonly evaluator: Program;
  readonly rulesFile: string;
  /** Evaluations so far, and those that failed. */
  counts(): Promise<RuleCounts>;
}

export interface RuleCounts {
  readonly evaluations: number;
  readonly failures: number;
}

export interface ArmStage {
  readonly context: BenchContext;
  readonly cores: Cores;
  readonly folder: string;
  /** Who is told. */
  readonly sinkUrl: string;
}

const NO_RULES = '{}';

export async function startPrometheusArm({ context, cores, folder, sinkUrl }: ArmStage): Promise<RuleArm> {
  const command = process.env.PROMETHEUS ?? installPrometheus(join(context.rootDir, 'test/real/parts')).prometheus;
  const { home, rulesFile } = homeIn(folder, 'prometheus');
  const config = {
    global: { evaluation_interval: '15s' },
    rule_files: [rulesFile],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [new URL(sinkUrl).host] }] }] },
  };
  writeFileSync(join(home, 'prometheus.yml'), JSON.stringify(config));
  const address = `127.0.0.1:${await freePort()}`;
  const program = startProgram({
    command,
    args: [
      `--config.file=${join(home, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(home, 'data')}`,
      `--web.listen-address=${address}`,
      '--web.enable-remote-write-receiver',
      '--log.level=warn',
    ],
    core: cores.agent,
    cwd: home,
    outputFile: join(home, 'output'),
  });
  program.release();
  const url = `http://${address}`;
  await answers200(`${url}/-/ready`, program);
  return {
    ...{ name: 'prometheus', programs: [program], evaluator: program, rulesFile, writeUrl: `${url}/api/v1/write` },
    counts: () => countsAt(url, 'prometheus'),
  };
}

/** As it is deployed: a collector, and the alerting service beside it, over HTTP. */
export async function startVigieArm({ context, cores, folder, sinkUrl }: ArmStage): Promise<RuleArm> {
  const { home, rulesFile } = homeIn(folder, 'vigie');
  const collector = await startVigiePart(context, cores, home, 'collector', { storage: { path: 'metrics' } });
  writeFileSync(
    join(home, 'alertmanager.yml'),
    `route: { receiver: sink }\nreceivers: [{ name: sink, webhook_configs: [{ url: '${sinkUrl}' }] }]\n`,
  );
  const writeUrl = `${collector.url}/api/v1/write`;
  const alerting = await startVigiePart(context, cores, home, 'alerting', {
    alertmanager_config: 'alertmanager.yml',
    data_dir: 'data',
    log_level: 'warn',
    evaluation_interval: '15s',
    rule_files: [rulesFile],
    datasources: { metrics: { url: collector.url } },
    remote_write: { url: writeUrl },
  });
  return {
    ...{
      name: 'vigie',
      programs: [collector.program, alerting.program],
      evaluator: alerting.program,
      rulesFile,
      writeUrl,
    },
    counts: () => countsAt(alerting.url, 'vigie'),
  };
}

/** The database and the rules in one process, as `vigie up` has them. */
export async function startOneProcessArm({ context, cores, folder }: ArmStage): Promise<RuleArm> {
  const { home, rulesFile } = homeIn(folder, 'one-process');
  const program = startProgram({
    command: agentUnderTest(context.rootDir).nodePath,
    args: [...IMAGE_FLAGS, ...profiled(), context.program('rules.process'), join(home, 'data'), rulesFile],
    core: cores.agent,
    cwd: home,
    env: IMAGE_ENV,
    outputFile: join(home, 'output'),
  });
  program.release();
  const [, url = ''] = await program.saying(/^listening on (http:\S+)/m);
  return {
    name: 'vigie in one process',
    ...{ programs: [program], evaluator: program, rulesFile, writeUrl: `${url}/api/v1/write` },
    counts: () => countsAt(url, 'vigie'),
  };
}

function homeIn(folder: string, name: string) {
  const home = join(folder, name);
  mkdirSync(home);
  const rulesFile = join(home, 'rules.yml');
  writeFileSync(rulesFile, NO_RULES);
  return { home, rulesFile };
}

async function countsAt(url: string, prefix: 'prometheus' | 'vigie'): Promise<RuleCounts> {
  // A connection of its own: servers close the others when they were stopped for long.
  const client = new Client(url);
  const { body } = await client.get('/metrics').finally(() => client.close());
  const text = body.toString();
  const sumOf = (metric: string): number =>
    Array.from(text.matchAll(new RegExp(`^${prefix}_${metric}\\{[^}]*\\} (\\S+)$`, 'gm')), ([, value]) =>
      Number(value),
    ).reduce((sum, value) => sum + value, 0);
  return {
    evaluations: sumOf('rule_evaluations_total'),
    failures: sumOf('rule_evaluation_failures_total'),
  };
}
