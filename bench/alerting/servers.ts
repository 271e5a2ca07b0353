/** Who takes alerts: each a process on the core that is measured, with the same alertmanager.yml. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../test/real/parts/free-port.ts';
import { type Program, startProgram } from '../harness/child.ts';
import type { BenchContext } from '../harness/context.ts';
import type { Cores } from '../harness/cores.ts';
import { answers200 } from '../harness/ready.ts';
import { agentUnderTest, IMAGE_ENV, IMAGE_FLAGS } from '../logs/vigie.ts';
import { installAlertmanager } from './alertmanager-binary.ts';

export interface AlertServer {
  readonly name: 'alertmanager' | 'vigie';
  readonly program: Program;
  /** Base URL without a slash at its end. */
  readonly url: string;
}

/** @param folder of this server alone, which is made
 *  @param config alertmanager.yml */
export type StartServer = (context: BenchContext, cores: Cores, folder: string, config: string) => Promise<AlertServer>;

export const startAlertmanager: StartServer = async ({ rootDir }, { agent: core }, folder, config) => {
  const command = process.env.ALERTMANAGER ?? installAlertmanager(rootDir);
  mkdirSync(folder);
  const configFile = join(folder, 'alertmanager.yml');
  writeFileSync(configFile, config);
  const address = `127.0.0.1:${await freePort()}`;
  const args = [
    `--config.file=${configFile}`,
    `--storage.path=${join(folder, 'data')}`,
    `--web.listen-address=${address}`,
    '--cluster.listen-address=',
    '--log.level=warn',
  ];
  const program = startProgram({ command, args, core, cwd: folder, outputFile: join(folder, 'output') });
  program.release();
  const url = `http://${address}`;
  await answers200(`${url}/-/ready`, program);
  return { name: 'alertmanager', program, url };
};

export const startVigie: StartServer = async (context, cores, folder, config) => {
  mkdirSync(folder);
  writeFileSync(join(folder, 'alertmanager.yml'), config);
  const alerting = { alertmanager_config: 'alertmanager.yml', data_dir: 'data', log_level: 'warn' };
  const { program, url } = await startVigiePart(context, cores, folder, 'alerting', alerting);
  return { name: 'vigie', program, url };
};

/** A part of Vigie as its image runs it.
 *  @param folder that is there
 *  @param config its file, as an object */
export async function startVigiePart(
  { rootDir }: BenchContext,
  { agent: core }: Cores,
  folder: string,
  part: 'alerting' | 'collector',
  config: object,
): Promise<Pick<AlertServer, 'program' | 'url'>> {
  const { nodePath: command, bundle } = agentUnderTest(rootDir);
  const configFile = join(folder, `${part}.yaml`);
  writeFileSync(configFile, JSON.stringify(config));
  const address = `127.0.0.1:${await freePort()}`;
  const program = startProgram({
    command,
    args: [...IMAGE_FLAGS, ...profiled(), bundle, part, '--config', configFile, '--listen', address],
    core,
    cwd: folder,
    env: IMAGE_ENV,
    outputFile: join(folder, `${part}.output`),
  });
  program.release();
  const url = `http://${address}`;
  await answers200(`${url}/readyz`, program);
  return { program, url };
}

/** Flags of a Node that is to leave a CPU profile behind. */
export function profiled(): readonly string[] {
  const folder = process.env.VIGIE_BENCH_PROFILE;
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}
