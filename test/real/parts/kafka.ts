/** A real Kafka 4.3 node, KRaft, in a process of its own. */
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Impossible, until } from '../deadline.ts';
import { killLeashed, removeFolder, spawnLeashed, temporaryFolder } from '../leash.ts';
import { progress } from '../progress.ts';
import { builtOnce } from './cache.ts';
import type { Authority } from './certificates.ts';
import { freePort } from './free-port.ts';
import { compileLauncher, jdk, runMaven } from './java.ts';

const THIS_FILE = fileURLToPath(import.meta.url);
const POM = fileURLToPath(new URL('./kafka/pom.xml', import.meta.url));
const LAUNCHER = fileURLToPath(new URL('./kafka/KafkaNode.java', import.meta.url));
const LOG4J_PROPERTIES = fileURLToPath(new URL('./log4j2.properties', import.meta.url));

/** 2 s on an idle machine, 12 s after kill -9. */
const START_TIMEOUT_MS = 120_000;

/** Whom the listeners with SASL let in, by each of MECHANISMS. */
export const KAFKA_USER = { user: 'shipper', password: 'lookout-ship-1' } as const;

const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;

/** Those with TLS are there where an authority is given. */
const PROTOCOLS = { open: 'PLAINTEXT', sasl: 'SASL_PLAINTEXT', secure: 'SASL_SSL', mutual: 'SSL' } as const;
type ListenerName = keyof typeof PROTOCOLS;

export interface RealKafka {
  /** HOST:PORT without authentication. */
  readonly open: string;
  /** HOST:PORT that asks for SASL. */
  readonly sasl: string;
  /** HOST:PORT with TLS that asks for SASL. */
  readonly secure: string;
  /** HOST:PORT with TLS that asks for a certificate of the same authority. */
  readonly mutual: string;
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

function listenerSettings(
  addresses: Readonly<Record<ListenerName, string>>,
  controller: string,
  withTls: boolean,
): Record<string, string> {
  const names = (['open', 'sasl', 'secure', 'mutual'] as const).filter(
    (name) => withTls || !PROTOCOLS[name].endsWith('SSL'),
  );
  const advertised = names.map((name) => `${name.toUpperCase()}://${addresses[name]}`).join(',');
  const settings: Record<string, string> = {
    listeners: `${advertised},CONTROLLER://${controller}`,
    'advertised.listeners': advertised,
    'listener.security.protocol.map': [
      ...names.map((name) => `${name.toUpperCase()}:${PROTOCOLS[name]}`),
      'CONTROLLER:PLAINTEXT',
    ].join(','),
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': `1@${controller}`,
    'inter.broker.listener.name': 'OPEN',
  };
  for (const name of names.filter((each) => PROTOCOLS[each].startsWith('SASL'))) {
    const prefix = `listener.name.${name}`;
    settings[`${prefix}.sasl.enabled.mechanisms`] = MECHANISMS.join(',');
    for (const mechanism of MECHANISMS) {
      settings[`${prefix}.${mechanism.toLowerCase()}.sasl.jaas.config`] =
        mechanism === 'PLAIN'
          ? `org.apache.kafka.common.security.plain.PlainLoginModule required user_${KAFKA_USER.user}="${KAFKA_USER.password}";`
          : 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
    }
  }
  return settings;
}

/** A certificate of the broker's own, and whose signatures it trusts. */
function tlsSettings(authority: Authority, home: string): Record<string, string> {
  const { cert, key } = authority.issue('broker', 'IP:127.0.0.1');
  const store = join(home, 'broker.pem');
  writeFileSync(store, key + cert);
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': store,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': authority.caFile,
    'listener.name.mutual.ssl.client.auth': 'required',
  };
}

export interface KafkaOptions {
  /** Of server.properties, beside ours. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Signs the broker's certificate, and those of clients. */
  readonly authority?: Authority;
}

export async function startKafka({ settings = {}, authority }: KafkaOptions = {}): Promise<RealKafka> {
  const folder = installKafka();
  const home = temporaryFolder('kafka');
  const address = async (): Promise<string> => `127.0.0.1:${await freePort()}`;
  const addresses = {
    open: await address(),
    sasl: await address(),
    secure: await address(),
    mutual: await address(),
  };
  const allSettings = {
    ...listenerSettings(addresses, await address(), authority !== undefined),
    ...(authority === undefined ? {} : tlsSettings(authority, home)),
    ...settings,
  };
  const logFile = join(home, 'server.log');
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const log = openSync(logFile, 'w');
    const started = spawnLeashed(
      jdk().java,
      [
        ...['-Xms384m', '-Xmx384m', '-XX:+UseG1GC', '-XX:TieredStopAtLevel=1', '-Djava.awt.headless=true'],
        ...['-Dlog4j2.disable.jmx=true', `-Dlog4j2.configurationFile=${LOG4J_PROPERTIES}`],
        ...['-cp', [join(folder, 'classes'), join(folder, 'lib', '*')].join(':'), 'KafkaNode', home],
        ...[KAFKA_USER.user, KAFKA_USER.password],
        ...Object.entries(allSettings).map(([key, value]) => `${key}=${value}`),
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
    progress(`Kafka serves at ${addresses.open}`);
  };
  const kill9 = async (): Promise<void> => {
    if (child) await killLeashed(child);
  };
  await start();
  return {
    ...addresses,
    kill9,
    restart: start,
    stop: async () => {
      await kill9();
      removeFolder(home);
    },
  };
}
