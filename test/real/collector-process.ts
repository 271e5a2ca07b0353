/** The collector as users run it: the built bundle, in a process of its own. */
import { vigieCommand } from './agent-process.ts';
import { Impossible, until } from './deadline.ts';
import { killLeashed, spawnLeashed } from './leash.ts';

const START_TIMEOUT_MS = 60_000;

export interface CollectorProcess {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startCollector(configFile: string): Promise<CollectorProcess> {
  const args = vigieCommand(['collector', '--config', configFile, '--listen', '127.0.0.1:0']);
  const env = { ...process.env, NODE_ENV: undefined, VITEST: undefined };
  const child = spawnLeashed(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
  let output = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  const url = await until('the collector to listen', START_TIMEOUT_MS, () => {
    if (child.exitCode !== null) throw new Impossible(`the collector ended:\n${output}`);
    return /^listening on (http:\/\/\S+) \(http\)$/m.exec(output)?.[1];
  });
  return { url, stop: () => killLeashed(child) };
}
