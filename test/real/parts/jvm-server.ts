/** The process of one real server on the JVM: started, killed in the middle of its work, started again on the same port and data, ended. */
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Impossible, until } from '../deadline.ts';
import { killLeashed, removeFolder, spawnLeashed, temporaryFolder } from '../leash.ts';
import { progress } from '../progress.ts';
import { at, type Endpoint, rest } from '../rest.ts';
import { freePort } from './free-port.ts';
import { jdk } from './java.ts';

export interface ServerOptions {
  /** Settings of opensearch.yml or elasticsearch.yml: flat keys, a list as `[a;b]`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Size of the Java heap. 512m does for 200,000 log lines, 1g for a million. */
  readonly heap?: string;
}

/** What to run, and how to talk to it. */
export interface JvmProgram {
  readonly kind: RealServer['kind'];
  readonly classPath: readonly string[];
  readonly mainClass: string;
  readonly jvmFlags: readonly string[];
  /** Between the home folder and the settings. */
  readonly extraArguments: readonly string[];
  readonly scheme: 'http' | 'https';
  readonly access: Omit<Endpoint, 'url'>;
  /** Puts files below the home folder before the first start. */
  readonly prepare?: (home: string) => void;
}

/** One running node of OpenSearch or Elasticsearch. */
export interface RealServer extends Endpoint {
  readonly kind: 'opensearch' | 'elasticsearch';
  /** Of the process that runs now. */
  pid(): number;
  /** Its config, data and log are below. */
  readonly home: string;
  /** Kills the process without warning; data and port stay for `restart`. */
  kill9(): Promise<void>;
  /** Starts it again after `kill9` on the same data and URL, and waits until it serves. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** A start takes 3 s on an idle machine and has been seen to take 15 on a loaded one; a node that is not there by then will not come. */
const START_TIMEOUT_MS = 120_000;

/** Starts a node and waits until it has a master and serves requests. */
export async function startJvmServer(program: JvmProgram, options: ServerOptions): Promise<RealServer> {
  const home = temporaryFolder(program.kind);
  mkdirSync(join(home, 'config'));
  program.prepare?.(home);
  const port = await freePort();
  const endpoint: Endpoint = { url: `${program.scheme}://127.0.0.1:${port}`, ...program.access };
  const logFile = join(home, 'server.log');
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const startedAt = performance.now();
    const heap = options.heap ?? '512m';
    const settings = { 'http.port': String(port), ...options.settings };
    const log = openSync(logFile, 'a');
    const started = spawnLeashed(
      jdk().java,
      [
        ...[`-Xms${heap}`, `-Xmx${heap}`, '-XX:+UseG1GC', '-XX:TieredStopAtLevel=1', '-Djava.awt.headless=true'],
        ...['-Dlog4j2.disable.jmx=true', `-Dlog4j2.configurationFile=${LOG4J_PROPERTIES}`, ...program.jvmFlags],
        ...['-cp', program.classPath.join(':'), program.mainClass, home, ...program.extraArguments],
        ...Object.entries(settings).map(([key, value]) => `${key}=${value}`),
      ],
      { stdio: ['ignore', log, log] },
    );
    closeSync(log);
    child = started;
    const lastLines = (): string => readFileSync(logFile, 'utf8').split('\n').slice(-30).join('\n');
    await until(`${program.kind} to serve`, START_TIMEOUT_MS, () => isReady(endpoint, started, lastLines), lastLines);
    progress(
      `${program.kind} serves at ${endpoint.url} after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`,
    );
  };
  const kill9 = async (): Promise<void> => {
    if (child) await killLeashed(child);
  };
  await start();
  return {
    ...endpoint,
    kind: program.kind,
    home,
    pid: () => {
      if (child?.pid === undefined) throw new Error(`${program.kind} does not run`);
      return child.pid;
    },
    kill9,
    restart: start,
    stop: async () => {
      await kill9();
      removeFolder(home);
    },
  };
}

async function isReady(endpoint: Endpoint, child: ChildProcess, lastLines: () => string): Promise<true | undefined> {
  if (child.exitCode !== null || child.signalCode !== null) {
    throw new Impossible(`it ended with ${child.exitCode ?? child.signalCode}:\n${lastLines()}`);
  }
  const health = await rest(
    endpoint,
    'GET',
    '/_cluster/health?wait_for_status=yellow&wait_for_no_initializing_shards=true&timeout=30s',
  );
  return health.status === 200 && at(health.body, 'timed_out') === false ? true : undefined;
}

const LOG4J_PROPERTIES = new URL('./log4j2.properties', import.meta.url).pathname;
