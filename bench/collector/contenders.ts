/** Who scrapes: each a process on the core that is measured, with the same prometheus.yml. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../test/real/parts/free-port.ts';
import { installPrometheus } from '../../test/real/parts/prometheus-binary.ts';
import { type Program, startProgram } from '../harness/child.ts';
import type { BenchContext } from '../harness/context.ts';
import type { Cores } from '../harness/cores.ts';
import { measuredNode } from '../harness/measured-node.ts';
import { answers200 } from '../harness/ready.ts';
import { IMAGE_ENV, IMAGE_FLAGS } from '../logs/vigie.ts';

export interface Contender {
  readonly name: string;
  readonly program: Program;
  /** Before `/api/v1/query`. */
  readonly url: string;
}

export type StartContender = (
  context: BenchContext,
  cores: Cores,
  folder: string,
  config: string,
) => Promise<Contender>;

/** @param ports of the targets */
export function prometheusYaml(ports: readonly string[], intervalSeconds: number): string {
  const targets = ports.map((port) => `          - 127.0.0.1:${port}`).join('\n');
  return `global:
  scrape_interval: ${intervalSeconds}s
  scrape_timeout: 10s
scrape_configs:
  - job_name: apps
    static_configs:
      - targets:
${targets}
`;
}

export const startPrometheus: StartContender = async (context, cores, folder, config) => {
  const command = process.env.PROMETHEUS ?? installPrometheus(join(context.rootDir, 'test/real/parts')).prometheus;
  return start('prometheus', { command, core: cores.agent, config, folder }, (file, home, address) => [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(home, 'data')}`,
    `--web.listen-address=${address}`,
    '--log.level=warn',
  ]);
};

export const startVigie: StartContender = (context, cores, folder, config) => {
  const { nodePath: command } = measuredNode();
  const binary = join(context.rootDir, 'packages/cli/dist/vigie.cjs');
  const profile = process.env.VIGIE_BENCH_PROFILE;
  // Prometheus has a flag for it: what the last run has left would be read again.
  const stored = `${config}storage:\n  path: data\n`;
  const where = { command, core: cores.agent, config: stored, folder, env: IMAGE_ENV };
  return start('vigie', where, (file, _home, address) => [
    ...IMAGE_FLAGS,
    ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]),
    binary,
    'collector',
    '--config',
    file,
    '--listen',
    address,
  ]);
};

interface Where {
  readonly command: string;
  readonly core: number;
  readonly config: string;
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Each has a folder of its own to work in, where what it keeps goes. */
async function start(
  name: string,
  { command, core, config, folder, env = {} }: Where,
  args: (file: string, home: string, address: string) => readonly string[],
): Promise<Contender> {
  const home = join(folder, name);
  mkdirSync(home);
  const file = join(home, 'prometheus.yml');
  writeFileSync(file, config);
  const address = `127.0.0.1:${await freePort()}`;
  const program = startProgram({
    command,
    args: args(file, home, address),
    core,
    env,
    cwd: home,
    outputFile: join(home, 'output'),
  });
  program.release();
  const url = `http://${address}`;
  await answers200(`${url}/-/ready`, program);
  return { name, program, url };
}
