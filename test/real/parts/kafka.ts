/** A real Kafka 4.3 node, KRaft, in a process of its own. */
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Impossible, until } from '../deadline.ts';
import { killLeashed, removeFolder, spawnLeashed, temporaryFolder } from '../leash.ts';
import { progress } from '../progress.ts';
import { builtOnce } from './cache.ts';
import { freePort } from './free-port.ts';
import { compileLauncher, jdk, runMaven } from './java.ts';

const THIS_FILE = fileURLToPath(import.meta.url);
const POM = fileURLToPath(new URL('./kafka/pom.xml', import.meta.url));
const LAUNCHER = fileURLToPath(new URL('./kafka/KafkaNode.java', import.meta.url));
const LOG4J_PROPERTIES = fileURLToPath(new URL('./log4j2.properties', import.meta.url));

/** 2 s on an idle machine, 12 s after kill -9. */
const START_TIMEOUT_MS = 120_000;

/** Whom the listener with SASL lets in, by SCRAM-SHA-512 and by PLAIN. */
export const KAFKA_USER = { user: 'shipper', password: 'lookout-ship-1' } as const;

export interface RealKafka {
  /** HOST:PORT without authentication. */
  readonly open: string;
  /** HOST:PORT that asks for SASL. */
  readonly sasl: string;
  /** Kills the process without warning; data and ports stay for `restart`. */
  kill9(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

function installKafka(): string {
  jdk();
  return builtOnce('kafka', [POM, LAUNCHER, THIS_FILE], (folder) => {
    runMaven(POM, 'copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${join(folder, 'lib')}`);
    compileLauncher(LAUNCHER, join(folder, 'lib', '*'), join(folder, 'classes'));
  });
}

/** @param settings of server.properties */
export async function startKafka(settings: Readonly<Record<string, string>> = {}): Promise<RealKafka> {
  const folder = installKafka();
  const home = temporaryFolder('kafka');
  const ports = [await freePort(), await freePort(), await freePort()].map(String);
  const logFile = join(home, 'server.log');
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const log = openSync(logFile, 'w');
    const started = spawnLeashed(
      jdk().java,
      [
        ...['-Xms384m', '-Xmx384m', '-XX:+UseG1GC', '-XX:TieredStopAtLevel=1', '-Djava.awt.headless=true'],
        ...['-Dlog4j2.disable.jmx=true', `-Dlog4j2.configurationFile=${LOG4J_PROPERTIES}`],
        ...['-cp', [join(folder, 'classes'), join(folder, 'lib', '*')].join(':'), 'KafkaNode', home, ...ports],
        ...[KAFKA_USER.user, KAFKA_USER.password],
        ...Object.entries(settings).map(([key, value]) => `${key}=${value}`),
      ],
      { stdio: ['ignore', log, log] },
    );
    closeSync(log);
    child = started;
    const written = (): string => readFileSync(logFile, 'utf8');
    const lastLines = (): string => written().split('\n').slice(-30).join('\n');
    await until(
      'Kafka to serve',
      START_TIMEOUT_MS,
      async () => {
        if (started.exitCode !== null || started.signalCode !== null) throw new Impossible(`it ended:\n${lastLines()}`);
        return written().includes('Kafka Server started') ? true : undefined;
      },
      lastLines,
    );
    progress(`Kafka serves at 127.0.0.1:${ports[0]}`);
  };
  const kill9 = async (): Promise<void> => {
    if (child) await killLeashed(child);
  };
  await start();
  return {
    open: `127.0.0.1:${ports[0]}`,
    sasl: `127.0.0.1:${ports[1]}`,
    kill9,
    restart: start,
    stop: async () => {
      await kill9();
      removeFolder(home);
    },
  };
}
