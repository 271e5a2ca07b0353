/** A real broker: what it has of the lines, through SASL, kill -9, and records that it does not take. */
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Consumer, stringDeserializers } from '@platformatic/kafka';
import { afterEach, expect, test } from 'vitest';
import { type AgentProcess, startAgent, writeConfig } from './agent-process.ts';
import { readDeadLetters } from './dead-letters.ts';
import { inForm } from './form.ts';
import { temporaryFolder } from './leash.ts';
import { numberOf } from './numbered-line.ts';
import { KAFKA_USER, type RealKafka, startKafka } from './parts/kafka.ts';
import { podSource, writePodLogs } from './pod-logs.ts';
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
  kafka = await startKafka({ 'message.max.bytes': '3000' });
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
