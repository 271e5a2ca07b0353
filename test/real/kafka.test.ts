/** A real broker: what it has of the lines, through SASL, TLS, kill -9, and records that it does not take. */
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Admin, Consumer, stringDeserializers } from '@platformatic/kafka';
import { afterEach, expect, test } from 'vitest';
import { type AgentProcess, startAgent, writeConfig } from './agent-process.ts';
import { readDeadLetters } from './dead-letters.ts';
import { until } from './deadline.ts';
import { inForm } from './form.ts';
import { temporaryFolder } from './leash.ts';
import { numberOf } from './numbered-line.ts';
import { createAuthority } from './parts/certificates.ts';
import { KAFKA_USER, type RealKafka, startKafka } from './parts/kafka.ts';
import { podSource, writeContainer, writePodLogs } from './pod-logs.ts';
import { progress } from './progress.ts';

const TOPIC = 'logs';
const RECORDS = inForm(60_000, 400_000);
const KILLS = inForm(1, 3);
const PARTITIONS = [0, 1, 2];

let kafka: RealKafka | undefined;
let agent: AgentProcess | undefined;
afterEach(async () => {
  await agent?.kill9();
  await kafka?.stop();
});

interface Stored {
  readonly n: number | undefined;
  readonly pod: string;
  readonly key: string;
  readonly partition: number;
}

/** Every message of a topic, partition by partition in its order. */
async function readTopic(broker: string, topic: string): Promise<Stored[]> {
  const consumer = new Consumer({
    groupId: `reader-${process.hrtime.bigint()}`,
    clientId: 'reader',
    bootstrapBrokers: [broker],
    deserializers: stringDeserializers,
  });
  const ends = await consumer.listOffsets({ topics: [topic], partitions: { [topic]: PARTITIONS }, timestamp: -1n });
  const total = Number((ends.get(topic) ?? []).reduce((sum, end) => sum + end, 0n));
  const stored: Stored[] = [];
  if (total > 0) {
    const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false, maxWaitTime: 200 });
    for await (const { key, value, partition } of stream) {
      const document = JSON.parse(value);
      stored.push({ n: numberOf(document.message), pod: document.kubernetes.pod.uid, key, partition });
      if (stored.length === total) break;
    }
    await stream.close();
  }
  await consumer.close(true);
  return stored;
}

async function acked(records: number): Promise<void> {
  for (;;) {
    const [row] = (await agent?.ledger()) ?? [];
    if (row !== undefined && row.ackedRecords >= records) return;
    await setTimeout(50);
  }
}

test('every line is stored once, in order by its pod’s key, through SASL and a broker that is killed', async () => {
  kafka = await startKafka();
  const folder = temporaryFolder('kafka-agent');
  const logs = writePodLogs(folder, RECORDS);
  const configPath = writeConfig(folder, {
    data_dir: join(folder, 'data'),
    sources: { pods: podSource(logs.root) },
    sinks: {
      kafka: {
        type: 'kafka',
        inputs: ['pods'],
        brokers: [kafka.sasl],
        topic: TOPIC,
        compression: 'gzip',
        sasl: { mechanism: 'scram-sha-512', ...KAFKA_USER },
        batch: { max_bytes: '256KiB' },
      },
    },
  });
  agent = await startAgent(configPath);
  for (let kill = 1; kill <= KILLS; kill++) {
    await acked(Math.floor((RECORDS * kill) / (2 * KILLS + 1)));
    await kafka.kill9();
    progress(`kill ${kill} of the broker`);
    await kafka.restart();
  }
  await acked(RECORDS);
  expect(await agent.terminate(), agent.logEnd()).toEqual({ code: 0, signal: null });
  const stored = await readTopic(kafka.open, TOPIC);
  expect(stored.every(({ key, pod }) => key === pod)).toBe(true);
  const newest = new Map<string, number>();
  const outOfOrder: number[] = [];
  for (const { n = -1, pod } of stored) {
    if (n <= (newest.get(pod) ?? -1)) outOfOrder.push(n);
    newest.set(pod, n);
  }
  expect(outOfOrder.slice(0, 10)).toEqual([]);
  expect(new Set(stored.map(({ key, partition }) => `${key} ${partition}`)).size).toBe(newest.size);
  expect(stored.map(({ n }) => n).sort((a = 0, b = 0) => a - b)).toEqual(Array.from({ length: RECORDS }, (_, n) => n));
}, 300_000);

test('a wrong password holds the sink, and requests that are too large for the broker are halved', async () => {
  kafka = await startKafka({ settings: { 'message.max.bytes': '3000' } });
  const folder = temporaryFolder('kafka-refusals');
  const logs = writePodLogs(folder, 200);
  const deadLetters = join(folder, 'dead-letters.ndjson');
  const config = (password: string, maxBytes: string): string =>
    writeConfig(folder, {
      data_dir: join(folder, 'data'),
      sources: { pods: podSource(logs.root) },
      sinks: {
        kafka: {
          type: 'kafka',
          inputs: ['pods'],
          brokers: [kafka?.sasl],
          topic: 'logs-{{ kubernetes.namespace }}',
          max_request_bytes: maxBytes,
          sasl: { mechanism: 'plain', user: KAFKA_USER.user, password },
          dead_letter: { path: deadLetters },
        },
      },
    });
  agent = await startAgent(config('wrong', '1MB'));
  let text = '';
  while (!text.includes('held (credentials)')) {
    ({ text } = await agent.readiness());
    await setTimeout(50);
  }
  await agent.terminate();
  agent = await startAgent(config(KAFKA_USER.password, '1MB'));
  await acked(200);
  expect(readDeadLetters(deadLetters)).toEqual([]);
}, 180_000);

test('TLS: each mechanism of SASL and a client certificate let the agent in; who is wrong gets nothing, and is told why', async () => {
  const folder = temporaryFolder('kafka-tls');
  const authority = createAuthority(temporaryFolder('kafka-authority'));
  const stranger = createAuthority(temporaryFolder('kafka-stranger'));
  kafka = await startKafka({
    authority,
    // Logins are for a second: longer than this test takes, and the client would have to say who it is once only.
    settings: { 'listener.name.secure.connections.max.reauth.ms': '1000' },
  });
  const { secure, mutual } = kafka;
  const tls = { ca_file: authority.caFile };
  const certified = ({ certFile, keyFile }: { certFile: string; keyFile: string }) => ({
    ...tls,
    cert_file: certFile,
    key_file: keyFile,
  });
  const right = {
    plain: { brokers: [secure], tls, sasl: { mechanism: 'plain', ...KAFKA_USER } },
    scram256: { brokers: [secure], tls, sasl: { mechanism: 'scram-sha-256', ...KAFKA_USER } },
    scram512: { brokers: [secure], tls, sasl: { mechanism: 'scram-sha-512', ...KAFKA_USER } },
    certificate: { brokers: [mutual], tls: certified(authority.issue('agent')) },
  };
  const wrong = {
    plain_password: { ...right.plain, sasl: { ...right.plain.sasl, password: 'wrong' } },
    scram256_password: { ...right.scram256, sasl: { ...right.scram256.sasl, password: 'wrong' } },
    scram512_password: { ...right.scram512, sasl: { ...right.scram512.sasl, password: 'wrong' } },
    no_user: { ...right.scram512, sasl: { ...right.scram512.sasl, user: 'nobody' } },
    unknown_authority: { ...right.plain, tls: true },
    no_certificate: { brokers: [mutual], tls },
    other_certificate: { brokers: [mutual], tls: certified(stranger.issue('agent')) },
  };
  const sinks = Object.fromEntries(
    Object.entries({ ...right, ...wrong }).map(([name, sink]) => [
      name,
      { type: 'kafka', inputs: ['pods'], topic: name, retry: { max: '1s' }, ...sink },
    ]),
  );
  const logs = writePodLogs(folder, 1000);
  const running = await startAgent(
    writeConfig(folder, { data_dir: join(folder, 'data'), sources: { pods: podSource(logs.root) }, sinks }),
  );
  agent = running;
  const ackedBy = async (names: readonly string[]): Promise<number[]> =>
    (await running.ledger()).flatMap(({ sink, ackedRecords }) => (names.includes(sink) ? [ackedRecords] : []));
  const arrived = (records: number): Promise<true> =>
    until(
      `${records} records from each sink that is right`,
      60_000,
      async () => ((await ackedBy(Object.keys(right))).every((acked) => acked === records) ? true : undefined),
      running.logEnd,
    );
  await arrived(1000);
  const told = (sink: string, text: RegExp): Promise<true> =>
    until(
      `the trouble of ${sink}`,
      60_000,
      () => {
        const lines = running
          .log()
          .split('\n')
          .filter((line) => line.includes(`"sink":"${sink}"`));
        return lines.some((line) => text.test(line)) ? true : undefined;
      },
      running.logEnd,
    );
  for (const sink of ['plain_password', 'scram256_password', 'scram512_password', 'no_user'])
    await told(sink, /"reason":"credentials".*SASL_AUTHENTICATION_FAILED/);
  await told('unknown_authority', /unable to verify the first certificate/);
  await told('no_certificate', /alert (bad certificate|certificate required)/);
  await told('other_certificate', /alert (certificate unknown|unknown ca)/);
  expect((await running.readiness()).text).toMatch(/sink scram256_password: held \(credentials\)/);
  // Longer than a login lasts: the same connections go on after the next.
  await setTimeout(1500);
  const later = { namespace: 'shop', pod: 'later-0', podUid: '0f3b6c1e-58a2-4d27-9c40-0000000000ff', container: 'app' };
  writeContainer(
    logs.root,
    later,
    Array.from({ length: 500 }, (_, n) => `later ${n}`),
  );
  await arrived(1500);
  expect(await ackedBy(Object.keys(wrong))).toEqual(Object.keys(wrong).map(() => 0));
  expect(running.log()).not.toContain('DEP0123');
  expect(running.log()).not.toContain(KAFKA_USER.password);

  const admin = new Admin({ clientId: 'reader', bootstrapBrokers: [kafka.open] });
  const topics = (await admin.listTopics()).filter((topic) => !topic.startsWith('__'));
  await admin.close();
  expect(topics.sort()).toEqual(Object.keys(right).sort());
  for (const topic of topics) {
    const stored = await readTopic(kafka.open, topic);
    const numbers = stored.flatMap(({ n }) => (n === undefined ? [] : [n])).sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 1000 }, (_, n) => n));
    expect(stored).toHaveLength(1500);
  }
}, 180_000);
