/** A real Loki: what it has of numbered lines, what it refuses, and what becomes of a backlog that it would take for too old. */
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type AgentProcess, runVigie, startAgent, writeConfig } from './agent-process.ts';
import { type ContainerIdentity, ContainerLog, containerIdOf } from './container-log.ts';
import { readDeadLetters } from './dead-letters.ts';
import { until } from './deadline.ts';
import { inForm } from './form.ts';
import { temporaryFolder } from './leash.ts';
import { type LokiEntry, lokiCount, lokiEntries } from './loki-query.ts';
import { messageAsText, numberedLine, numberOf } from './numbered-line.ts';
import { type RealLoki, startLoki } from './parts/loki.ts';
import { containerIdentities, podSource, writeContainer, writePodLogs } from './pod-logs.ts';
import { progress } from './progress.ts';
import { at } from './rest.ts';

const SECOND = 1_000_000_000n;

let loki: RealLoki | undefined;
let agent: AgentProcess | undefined;
afterEach(async () => {
  await agent?.kill9();
  agent = undefined;
  await loki?.stop();
  loki = undefined;
});

interface Shipping {
  readonly configPath: string;
  readonly deadLetters: string;
}

function configure(to: RealLoki, folder: string, root: string, sink: object = {}, transforms: object = {}): Shipping {
  const deadLetters = join(folder, 'dead-letters.ndjson');
  const [lastTransform] = Object.keys(transforms);
  const configPath = writeConfig(folder, {
    data_dir: join(folder, 'data'),
    sources: { pods: podSource(root) },
    transforms,
    sinks: {
      loki: {
        type: 'loki',
        inputs: [lastTransform ?? 'pods'],
        endpoints: [to.url],
        dead_letter: { path: deadLetters },
        retry: { initial: '200ms', max: '1s' },
        ...sink,
      },
    },
  });
  return { configPath, deadLetters };
}

async function untilCounted(selector: string, wanted: number, tenant?: string): Promise<void> {
  let seen = 0;
  await until(
    `${wanted} entries of ${selector}`,
    120_000,
    async () => {
      if (loki !== undefined) seen = await lokiCount(loki, selector, tenant);
      return seen >= wanted ? true : undefined;
    },
    () => `${seen} are there; ${agent?.logEnd()}`,
  );
}

test('every line is there once, equal in text, time, stream and pod, under the tenant of its namespace', async () => {
  const records = inForm(60_000, 600_000);
  loki = await startLoki({ tenants: true });
  const folder = temporaryFolder('loki');
  const logs = writePodLogs(folder, records);
  const { configPath, deadLetters } = configure(loki, folder, logs.root, { tenant: 'team-{{ kubernetes.namespace }}' });
  agent = await startAgent(configPath);
  const ofNamespace = (namespace: string): number =>
    Array.from({ length: records }, (_, n) => logs.containers[n % 3]?.namespace).filter((name) => name === namespace)
      .length;
  const faults: string[] = [];
  const seen = new Set<number>();
  for (const namespace of ['shop', 'kube-system']) {
    const tenant = `team-${namespace}`;
    const selector = `{namespace="${namespace}"}`;
    await untilCounted(selector, ofNamespace(namespace), tenant);
    const from = BigInt(logs.startMs) * 1_000_000n;
    const to = from + BigInt(records) * 1000n + SECOND;
    for (const { time, line, labels } of await lokiEntries(loki, selector, from, to, tenant)) {
      const n = numberOf(line);
      if (n === undefined || seen.has(n)) {
        faults.push(`foreign or double: ${line}`);
        continue;
      }
      seen.add(n);
      const written = numberedLine(n, logs.seed, logs.startMs);
      const identity = logs.containers[n % 3] as ContainerIdentity;
      const nanos = BigInt(Date.parse(written.time)) * 1_000_000n + BigInt(written.time.slice(-7, -1));
      const expected = {
        time: nanos,
        line: messageAsText(written.message),
        namespace: identity.namespace,
        container: identity.container,
        node: 'node-1',
        stream: written.stream,
        pod: identity.pod,
        pod_uid: identity.podUid,
        container_id: containerIdOf(identity, 0),
      };
      const { namespace, container, node, stream, pod, pod_uid, container_id } = labels;
      const found = { time, line, namespace, container, node, stream, pod, pod_uid, container_id };
      for (const [field, value] of Object.entries(expected)) {
        const actual = Reflect.get(found, field);
        if (actual !== value) faults.push(`record ${n}: ${field} is ${actual}, expected ${value}`);
      }
    }
  }
  expect(faults.slice(0, 5)).toEqual([]);
  expect(seen.size).toBe(records);
  expect(await agent.terminate(), agent.logEnd()).toEqual({ code: 0, signal: null });
  expect(readDeadLetters(deadLetters)).toEqual([]);
});

test('equal lines of one time are told apart, and parsed fields are structured metadata', async () => {
  loki = await startLoki();
  const folder = temporaryFolder('loki');
  const root = join(folder, 'log');
  const [identity] = containerIdentities(1);
  if (identity === undefined) throw new Error('no container');
  const file = new ContainerLog(root, identity, { maxSizeBytes: Number.POSITIVE_INFINITY, maxFiles: 5 });
  file.startContainer();
  const time = new Date().toISOString().replace('Z', '000007Z');
  const json = '{"level":"warn","http":{"status":503,"path":"/a"},"big":12345678901234567890,"tags":["x"]}';
  const equal = Array.from({ length: 5 }, () => `${time} stdout F the same\n`).join('');
  file.append(Buffer.from(`${equal}${time} stdout F another\n${time} stdout F ${json}\n`));
  const transforms = { json: { type: 'parse_json', inputs: ['pods'] } };
  agent = await startAgent(configure(loki, folder, root, {}, transforms).configPath);
  await untilCounted('{container="app"}', 7);
  const nanos = BigInt(Date.parse(time)) * 1_000_000n + 7n;
  const entries = await lokiEntries(loki, '{container="app"}', nanos - SECOND, nanos + SECOND);
  const times = (line: string) => entries.filter((entry) => entry.line === line).map((entry) => entry.time - nanos);
  expect(times('the same')).toEqual([0n, 1n, 2n, 3n, 4n]);
  expect(times('another')).toEqual([0n]);
  expect(times(json)).toEqual([0n]);
  expect(entries.find(({ line }) => line === json)?.labels).toMatchObject({
    level: 'warn',
    detected_level: 'warn',
    http_status: '503',
    http_path: '/a',
    big: '12345678901234567890',
    tags: '["x"]',
  });
});

/** As far back as Loki's ingesters are asked, and more than twice as far as Loki takes what is older than the newest of a stream. */
const BACKLOG_MS = 2.5 * 3_600_000;

interface Backlog {
  /** Writes each pod's share of what lies between two points of the time. @param from, to of 0 to 1 */
  append(from: number, to: number): void;
}

/** Three pods of one Deployment on one node: one stream to Loki. The first has most to say, so that the others are read to
 *  their end long before it. */
function writeBacklog(root: string, records: number): Backlog {
  const startMs = Date.now() - BACKLOG_MS;
  const pods = [records - 200, 100, 100].map((share, index) => {
    const podUid = `0f3b6c1e-58a2-4d27-9c40-${String(index).padStart(12, '0')}`;
    const identity: ContainerIdentity = { namespace: 'shop', pod: `web-${index}`, podUid, container: 'web' };
    const file = new ContainerLog(root, identity, { maxSizeBytes: Number.POSITIVE_INFINITY, maxFiles: 5 });
    file.startContainer();
    return { file, share, padding: index === 0 ? '.'.repeat(400) : '' };
  });
  return {
    append: (from, to) => {
      for (const [index, { file, share, padding }] of pods.entries()) {
        const [first, end] = [Math.floor(share * from), Math.floor(share * to)];
        const lines = Array.from({ length: end - first }, (_, at) => {
          const n = first + at;
          const time = new Date(startMs + Math.floor((BACKLOG_MS * n) / share)).toISOString().slice(0, -1);
          return `${time}000000Z stdout F pod ${index} line ${n} ${padding}\n`;
        });
        file.append(Buffer.from(lines.join('')));
      }
    },
  };
}

test('a backlog of hours, with Loki killed in the middle of it, is taken whole, in order and once', async () => {
  const records = inForm(20_000, 400_000);
  loki = await startLoki();
  const folder = temporaryFolder('loki');
  const root = join(folder, 'log');
  const backlog = writeBacklog(root, records);
  backlog.append(0, 0.4);
  const { configPath, deadLetters } = configure(loki, folder, root, {
    batch: { max_bytes: '64KiB' },
    max_in_flight: 4,
  });
  agent = await startAgent(configPath);
  for (const [from, to] of [
    [0.4, 0.7],
    [0.7, 1],
  ] as const) {
    await untilCounted('{container="web"}', Math.floor(records * from) - 200);
    await loki.kill9();
    progress('loki is killed');
    const before = await agent.metric('vigie_agent_retries_total');
    backlog.append(from, to);
    await until('a retry', 60_000, async () =>
      (await agent?.metric('vigie_agent_retries_total')) === before ? undefined : true,
    );
    await loki.restart();
  }
  await untilCounted('{container="web"}', records);
  expect(await agent.terminate(), agent.logEnd()).toEqual({ code: 0, signal: null });
  expect(readDeadLetters(deadLetters)).toEqual([]);
  const entries = await backlogEntries(loki);
  expect(new Set(entries.map(({ line }) => line)).size).toBe(records);
  expect(entries.length).toBe(records);
  for (const pod of ['web-0', 'web-1', 'web-2']) {
    const own = entries
      .filter(({ labels }) => labels.pod === pod)
      .map(({ line }) => Number(/line (\d+)/.exec(line)?.[1]));
    expect(own, pod).toEqual(own.map((_, n) => n));
  }
});

function backlogEntries(from: RealLoki): Promise<readonly LokiEntry[]> {
  const nowMs = Date.now();
  const start = BigInt(Math.floor(nowMs - BACKLOG_MS - 600_000)) * 1_000_000n;
  return lokiEntries(from, '{container="web"}', start, BigInt(nowMs) * 1_000_000n + 60n * SECOND);
}

test('the same backlog without its own streams is refused in part, and what is refused is in the dead letters, not lost', async () => {
  const records = 5000;
  loki = await startLoki();
  const folder = temporaryFolder('loki');
  const root = join(folder, 'log');
  writeBacklog(root, records).append(0, 1);
  const sink = { batch: { max_bytes: '64KiB' }, late_after: '30d' };
  const { configPath, deadLetters } = configure(loki, folder, root, sink);
  const run = await runVigie(['node-agent', '--config', configPath, '--once']);
  expect(run.code, run.stderr).toBe(0);
  const letters = readDeadLetters(deadLetters);
  expect(letters.length).toBeGreaterThan(0);
  expect(letters[0]?.error).toContain('entry too far behind');
  const refused = new Set(readFileSync(deadLetters, 'utf8').trimEnd().split('\n').map(lineOf));
  const stored = await backlogEntries(loki);
  expect(new Set([...refused, ...stored.map(({ line }) => line)]).size).toBe(records);
});

/** The line of a dead letter of this sink. */
function lineOf(letter: string): string {
  return String(at(JSON.parse(letter), 'record', 'values', 0, 1));
}

test('a line that Loki finds too long goes to the dead letters, the others of its request do not, and --replay sends it again', async () => {
  loki = await startLoki({ limits: { max_line_size: '1KB' } });
  const folder = temporaryFolder('loki');
  const root = join(folder, 'log');
  const [identity] = containerIdentities(1);
  const long = `long ${'x'.repeat(2000)} end`;
  if (identity) writeContainer(root, identity, ['before', long, 'after']);
  const { configPath, deadLetters } = configure(loki, folder, root);
  agent = await startAgent(configPath);
  await untilCounted('{container="app"}', 2);
  await until('the dead letter', 60_000, () => (readDeadLetters(deadLetters).length > 0 ? true : undefined));
  expect(readDeadLetters(deadLetters).map(({ sink, status }) => [sink, status])).toEqual([['loki', 400]]);
  expect(readFileSync(deadLetters, 'utf8').trimEnd().split('\n').map(lineOf)).toEqual([long]);
  const [row] = await agent.ledger();
  expect(row).toMatchObject({ readRecords: 3, ackedRecords: 2, inFlightBytes: 0 });
  expect(Object.keys(row?.droppedBytes ?? {})).toEqual(['dead_letter']);
  expect(await agent.metric('vigie_agent_retries_total')).toBe(0);
  expect(await agent.terminate(), agent.logEnd()).toEqual({ code: 0, signal: null });
  await loki.stop();

  loki = await startLoki();
  const moved = join(folder, 'replayed.ndjson');
  renameSync(deadLetters, moved);
  const again = configure(loki, folder, root).configPath;
  const replay = await runVigie(['node-agent', '--config', again, '--replay', moved]);
  expect(replay.code, replay.stderr).toBe(0);
  await untilCounted('{container="app"}', 1);
  const now = BigInt(Date.now()) * 1_000_000n;
  const entries = await lokiEntries(loki, '{container="app"}', now - 3600n * SECOND, now + 60n * SECOND);
  expect(entries.map(({ line, labels }) => [line, labels.pod])).toEqual([[long, identity?.pod]]);
});
