/** One real Loki: started, killed in the middle of its work, started again on the same data, ended. */
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Impossible, until } from '../deadline.ts';
import { killLeashed, removeFolder, spawnLeashed, temporaryFolder } from '../leash.ts';
import { progress } from '../progress.ts';
import { freePort } from './free-port.ts';
import { installLoki } from './loki-binary.ts';

export interface LokiOptions {
  /** Beside what lets tests through: of limits_config. */
  readonly limits?: Readonly<Record<string, unknown>>;
  /** Requests name their tenant in X-Scope-OrgID. */
  readonly tenants?: boolean;
}

export interface RealLoki {
  /** Base URL without a slash at its end. */
  readonly url: string;
  kill9(): Promise<void>;
  /** Starts it again after `kill9` on the same data and URL, and waits until it serves. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 120_000;

export async function startLoki({ limits = {}, tenants = false }: LokiOptions = {}): Promise<RealLoki> {
  const binary = installLoki();
  const home = temporaryFolder('loki');
  const [port, grpcPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const configFile = join(home, 'loki.yaml');
  writeFileSync(configFile, JSON.stringify(configuration(home, port, grpcPort, tenants, limits)));
  const logFile = join(home, 'server.log');
  const lastLines = (): string => readFileSync(logFile, 'utf8').split('\n').slice(-30).join('\n');
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const startedAt = performance.now();
    const log = openSync(logFile, 'a');
    const started = spawnLeashed(binary, [`-config.file=${configFile}`], { stdio: ['ignore', log, log] });
    closeSync(log);
    child = started;
    await until('loki to be ready', START_TIMEOUT_MS, () => isReady(url, started, lastLines), lastLines);
    progress(`loki serves at ${url} after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  };
  const kill9 = async (): Promise<void> => {
    if (child) await killLeashed(child);
  };
  await start();
  return {
    url,
    kill9,
    restart: start,
    stop: async () => {
      await kill9();
      removeFolder(home);
    },
  };
}

async function isReady(url: string, child: ChildProcess, lastLines: () => string): Promise<true | undefined> {
  if (child.exitCode !== null || child.signalCode !== null) {
    throw new Impossible(`it ended with ${child.exitCode ?? child.signalCode}:\n${lastLines()}`);
  }
  const { status } = await fetch(`${url}/ready`);
  return status === 200 ? true : undefined;
}

/** All in one process, ready within a second: without these durations its parts wait for each other for 15. */
function configuration(home: string, port: number, grpcPort: number, tenants: boolean, limits: object): object {
  return {
    auth_enabled: tenants,
    server: {
      http_listen_address: '127.0.0.1',
      http_listen_port: port,
      grpc_listen_address: '127.0.0.1',
      grpc_listen_port: grpcPort,
      log_level: 'warn',
    },
    common: {
      instance_addr: '127.0.0.1',
      instance_interface_names: ['lo'],
      path_prefix: home,
      replication_factor: 1,
      ring: { instance_addr: '127.0.0.1', kvstore: { store: 'inmemory' } },
      storage: { filesystem: { chunks_directory: join(home, 'chunks'), rules_directory: join(home, 'rules') } },
    },
    schema_config: {
      configs: [
        {
          from: '2024-01-01',
          store: 'tsdb',
          object_store: 'filesystem',
          schema: 'v13',
          index: { prefix: 'index_', period: '24h' },
        },
      ],
    },
    ingester: { lifecycler: { min_ready_duration: '0s', final_sleep: '0s' } },
    frontend: { address: '127.0.0.1', scheduler_dns_lookup_period: '250ms' },
    frontend_worker: { dns_lookup_duration: '250ms' },
    query_range: { cache_results: false },
    analytics: { reporting_enabled: false },
    limits_config: {
      ingestion_rate_mb: 1024,
      ingestion_burst_size_mb: 1024,
      per_stream_rate_limit: '1GB',
      per_stream_rate_limit_burst: '1GB',
      ...limits,
    },
  };
}
