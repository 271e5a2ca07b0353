/** The alerting service as users run it: the built bundle, in a process of its own. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { vigieCommand } from './agent-process.ts';
import { Impossible, until } from './deadline.ts';
import { killLeashed, removeFolder, spawnLeashed, temporaryFolder } from './leash.ts';
import { freePort } from './parts/free-port.ts';

const START_TIMEOUT_MS = 60_000;

export interface AlertingProcess {
  readonly url: string;
  /** SIGTERM, and again at the same address with the same state.
   *  @throws {Error} where it does not end with 0 */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** @param config alerting.yaml, but for `listen` and `data_dir`
 *  @param files texts by name, beside it */
export async function startAlerting(
  config: Readonly<Record<string, unknown>>,
  files: Readonly<Record<string, string>>,
): Promise<AlertingProcess> {
  const home = temporaryFolder('alerting');
  const configFile = join(home, 'alerting.yaml');
  writeFileSync(configFile, JSON.stringify({ data_dir: 'data', ...config }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(home, name), text);
  const address = `127.0.0.1:${await freePort()}`;
  const url = `http://${address}`;
  const launch = async (): Promise<ChildProcess> => {
    const args = vigieCommand(['alerting', '--config', configFile, '--listen', address]);
    const env = { ...process.env, NODE_ENV: undefined, VITEST: undefined };
    const child = spawnLeashed(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
    let output = '';
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
    const isReady = async (): Promise<true | undefined> => {
      if (child.exitCode !== null) throw new Impossible(`the alerting service ended:\n${output}`);
      const { status } = await fetch(`${url}/readyz`);
      return status === 200 ? true : undefined;
    };
    await until('the alerting service to be ready', START_TIMEOUT_MS, isReady, () => output);
    return child;
  };
  let child = await launch();
  return {
    url,
    restart: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const [code] = await ended;
      if (code !== 0) throw new Error(`the alerting service ended with ${code}`);
      child = await launch();
    },
    stop: async () => {
      await killLeashed(child);
      removeFolder(home);
    },
  };
}
