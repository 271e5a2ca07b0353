/** One real Prometheus that scrapes nothing, unless it is told to: what it knows is written to it. */
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Impossible, until } from '../deadline.ts';
import { killLeashed, removeFolder, spawnLeashed, temporaryFolder } from '../leash.ts';
import { progress } from '../progress.ts';
import { freePort } from './free-port.ts';
import { installPrometheus } from './prometheus-binary.ts';

export interface PrometheusOptions {
  /** How far behind the newest sample a late one may be. */
  readonly outOfOrderWindow?: string;
  /** Beside what makes it a receiver, `--query.max-samples=1000`. */
  readonly flags?: readonly string[];
  /** Sections of prometheus.yml. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Texts by name, beside prometheus.yml. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface RealPrometheus {
  /** Base URL without a slash at its end. */
  readonly url: string;
  /** Kills it with SIGKILL, and starts it again with its data at the same address. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;

/** Takes remote write at `/api/v1/write`, native histograms and late samples among it. */
export async function startPrometheus({
  outOfOrderWindow = '1d',
  flags = [],
  config = {},
  files = {},
}: PrometheusOptions = {}): Promise<RealPrometheus> {
  const { prometheus } = installPrometheus();
  const home = temporaryFolder('prometheus');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const configFile = join(home, 'prometheus.yml');
  const storage = { tsdb: { out_of_order_time_window: outOfOrderWindow } };
  writeFileSync(configFile, JSON.stringify({ storage, ...config }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(home, name), text);
  const logFile = join(home, 'server.log');
  const lastLines = (): string => readFileSync(logFile, 'utf8').split('\n').slice(-30).join('\n');
  const launch = async (): Promise<ChildProcess> => {
    const startedAt = performance.now();
    const log = openSync(logFile, 'a');
    const child = spawnLeashed(
      prometheus,
      [
        `--config.file=${configFile}`,
        `--storage.tsdb.path=${join(home, 'data')}`,
        // Samples of the tests are of a fixed day, however long ago.
        '--storage.tsdb.retention.time=100y',
        `--web.listen-address=127.0.0.1:${port}`,
        '--web.enable-remote-write-receiver',
        '--log.level=warn',
        ...flags,
      ],
      { stdio: ['ignore', log, log], cwd: home },
    );
    closeSync(log);
    const isReady = async (): Promise<true | undefined> => {
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Impossible(`it ended with ${child.exitCode ?? child.signalCode}:\n${lastLines()}`);
      }
      const { status } = await fetch(`${url}/-/ready`);
      return status === 200 ? true : undefined;
    };
    await until('prometheus to be ready', START_TIMEOUT_MS, isReady, lastLines);
    progress(`prometheus serves at ${url} after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
    return child;
  };
  let child = await launch();
  return {
    url,
    restart: async () => {
      await killLeashed(child);
      child = await launch();
    },
    stop: async () => {
      await killLeashed(child);
      removeFolder(home);
    },
  };
}
