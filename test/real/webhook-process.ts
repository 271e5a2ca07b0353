/** The sidecar webhook as users run it: the built bundle, in a process of its own. */
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { Impossible, until } from './deadline.ts';
import { killLeashed, spawnLeashed } from './leash.ts';
import { rest } from './rest.ts';

const BINARY = process.env.VIGIE_BIN ?? fileURLToPath(new URL('../../packages/cli/bin/vigie.cjs', import.meta.url));
const START_TIMEOUT_MS = 60_000;

export interface WebhookProcess {
  /** All it has written to stderr. */
  log(): string;
  /** SHA-256 of the certificate that a new connection is shown. */
  fingerprint(): Promise<string>;
  /** @returns the value of a series of /metrics, as it stands there; NaN where there is none */
  metric(series: string): Promise<number>;
  /** SIGTERM.
   *  @returns its exit code */
  terminate(): Promise<number | null>;
  kill9(): Promise<void>;
}

/** Starts `vigie sidecar webhook` and waits until it takes reviews.
 *  @param folder where its configuration is written
 *  @param config but for `listen`, webhook.yaml as an object */
export async function startWebhook(
  folder: string,
  name: string,
  config: object,
  environment: Readonly<Record<string, string>>,
): Promise<WebhookProcess> {
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, JSON.stringify(config));
  const child = spawnLeashed(
    process.execPath,
    [BINARY, 'sidecar', 'webhook', '--config', file, '--listen', '127.0.0.1:0'],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...environment } },
  );
  const output = outputOf(child);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const at = (listener: string): Promise<string> =>
    until(
      `${name} to listen`,
      START_TIMEOUT_MS,
      () => {
        const found = new RegExp(`^listening on (https?://\\S+) \\(${listener}\\)$`, 'm').exec(output())?.[1];
        if (found === undefined && child.exitCode !== null) throw new Impossible(`${name} ended:\n${output()}`);
        return found;
      },
      output,
    );
  const [http, admission] = [await at('http'), await at('admission')];
  return {
    log: output,
    fingerprint: () => fingerprintAt('127.0.0.1', Number(new URL(admission).port)),
    metric: async (series) => {
      const { body } = await rest({ url: http }, 'GET', '/metrics');
      const line = String(body)
        .split('\n')
        .find((one) => one.startsWith(`${series} `));
      return Number(line?.slice(series.length + 1));
    },
    terminate: () => {
      child.kill('SIGTERM');
      return exited;
    },
    kill9: () => killLeashed(child),
  };
}

function outputOf(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}

/** SHA-256 of the certificate that a new connection is shown. */
export function fingerprintAt(host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? '');
      socket.destroy();
    });
    socket.on('error', reject);
  });
}
