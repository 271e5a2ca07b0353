/** The two servers, each a process on the core that is measured. */
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

export interface Server {
  readonly name: string;
  readonly program: Program;
  /** Before `/api/v1/query`. */
  readonly apiUrl: string;
  readonly writeUrl: string;
}

export async function startPrometheus(context: BenchContext, cores: Cores, folder: string): Promise<Server> {
  const binary = process.env.PROMETHEUS ?? installPrometheus(join(context.rootDir, 'test/real/parts')).prometheus;
  const home = join(folder, 'prometheus');
  mkdirSync(home);
  writeFileSync(join(home, 'prometheus.yml'), '{}');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const program = startProgram({
    command: binary,
    args: [
      `--config.file=${join(home, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(home, 'data')}`,
      '--storage.tsdb.retention.time=100y',
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
      '--log.level=warn',
    ],
    core: cores.agent,
    cwd: home,
    outputFile: join(home, 'output'),
  });
  program.release();
  await answers200(`${url}/-/ready`, program);
  return { name: 'prometheus', program, apiUrl: url, writeUrl: `${url}/api/v1/write` };
}

/** The database and the API alone, as the collector has them, and with the flags that it has in its image. */
export async function startVigie(context: BenchContext, cores: Cores, folder: string): Promise<Server> {
  const home = join(folder, 'vigie');
  mkdirSync(home);
  const profile = process.env.VIGIE_BENCH_PROFILE;
  const program = startProgram({
    command: measuredNode().nodePath,
    args: [
      ...IMAGE_FLAGS,
      ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]),
      context.program('vigie.process'),
      join(home, 'data'),
    ],
    core: cores.agent,
    cwd: home,
    env: IMAGE_ENV,
    outputFile: join(home, 'output'),
  });
  program.release();
  const [, url = ''] = await program.saying(/^listening on (http:\S+)/m);
  return { name: 'vigie', program, apiUrl: url, writeUrl: `${url}/api/v1/write` };
}
