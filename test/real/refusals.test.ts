/** What a real OpenSearch refuses, and why: a full queue, full memory, a body too large, a record that does not fit the mapping. */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type AgentProcess, runVigie, startAgent, writeConfig } from './agent-process.ts';
import { putLogTemplate } from './data-stream.ts';
import { readDeadLetters } from './dead-letters.ts';
import { until } from './deadline.ts';
import { inForm } from './form.ts';
import { temporaryFolder } from './leash.ts';
import type { RealServer, ServerOptions } from './parts/jvm-server.ts';
import { startOpenSearch } from './parts/opensearch.ts';
import {
  containerIdentities,
  everyRecordOnce,
  findRecords,
  type PodLogs,
  podSource,
  writeContainer,
  writePodLogs,
} from './pod-logs.ts';
import { progress } from './progress.ts';
import { ask, at, numberAt, rest } from './rest.ts';
import { countDocuments, untilStored, walk } from './walk.ts';

const STREAM = 'logs-kubernetes-default';
const RECORDS = inForm(40_000, 400_000);
const HEAP = inForm('512m', '1g');

let server: RealServer | undefined;
let agent: AgentProcess | undefined;
afterEach(async () => {
  await agent?.kill9();
  agent = undefined;
  await server?.stop();
  server = undefined;
});

async function start(settings: ServerOptions['settings'] = {}): Promise<RealServer> {
  server = await startOpenSearch({ settings, heap: HEAP });
  return server;
}

interface Shipping {
  readonly folder: string;
  readonly configPath: string;
  readonly deadLetters: string;
}

function configure(to: RealServer, folder: string, root: string, sink: object = {}, transforms: object = {}): Shipping {
  const deadLetters = join(folder, 'dead-letters.ndjson');
  const [lastTransform] = Object.keys(transforms);
  const configPath = writeConfig(folder, {
    data_dir: join(folder, 'data'),
    sources: { pods: podSource(root) },
    transforms,
    sinks: {
      es: {
        type: 'elasticsearch',
        inputs: [lastTransform ?? 'pods'],
        endpoints: [to.url],
        data_stream: STREAM,
        dead_letter: { path: deadLetters },
        ...sink,
      },
    },
  });
  return { folder, configPath, deadLetters };
}

/** Writes numbered lines and starts an agent that ships them. */
async function shipNumbered(
  to: RealServer,
  records: number,
  sink: object = {},
): Promise<{ logs: PodLogs; deadLetters: string; agent: AgentProcess }> {
  const folder = temporaryFolder('refusals');
  const logs = writePodLogs(folder, records);
  const { configPath, deadLetters } = configure(to, folder, logs.root, sink);
  agent = await startAgent(configPath);
  return { logs, deadLetters, agent };
}

async function expectEveryRecordOnce(
  from: RealServer,
  shipping: { logs: PodLogs; deadLetters: string; agent: AgentProcess },
): Promise<void> {
  await untilStored(from, STREAM, shipping.logs.to, shipping.agent.logEnd);
  expect(await shipping.agent.terminate(), shipping.agent.logEnd()).toEqual({ code: 0, signal: null });
  expect(await findRecords(from, STREAM, shipping.logs)).toEqual(everyRecordOnce(shipping.logs));
  expect(readDeadLetters(shipping.deadLetters)).toEqual([]);
}

test('items of 429 from a write queue of one are sent again, alone, until all are stored', async () => {
  const opensearch = await start({ 'thread_pool.write.size': '1', 'thread_pool.write.queue_size': '1' });
  // One request is one task per shard: with eight of them and a queue of one, a bulk is stored in part.
  await putLogTemplate(opensearch, { stream: STREAM, shards: 8 });
  await ask(opensearch, 'PUT', '/competition', { settings: { number_of_shards: 1, number_of_replicas: 0 } });
  const competition = compete(opensearch);
  const shipping = await shipNumbered(opensearch, RECORDS);
  try {
    await until(
      'retries of throttled items, with others of the same bulk stored',
      120_000,
      async () => {
        const retries = await shipping.agent.metric('vigie_agent_retries_total', { reason: 'throttled' });
        return retries > 0 && ((await countDocuments(opensearch, STREAM)) ?? 0) > 0 ? true : undefined;
      },
      shipping.agent.logEnd,
    );
  } finally {
    await competition.stop();
  }
  await expectEveryRecordOnce(opensearch, shipping);
  const stats = await ask(opensearch, 'GET', '/_nodes/stats/thread_pool');
  const [node] = Object.values(at(stats, 'nodes') as object) as unknown[];
  const rejected = numberAt(node, 'thread_pool', 'write', 'rejected');
  progress(`the server rejected ${rejected} tasks`);
  expect(rejected).toBeGreaterThan(0);
  // A record that was stored and came again would be a version conflict, which counts as failed.
  const indexing = await ask(opensearch, 'GET', `/${STREAM}/_stats/indexing`);
  expect(numberAt(indexing, '_all', 'primaries', 'indexing', 'index_failed')).toBe(0);
  expect(numberAt(indexing, '_all', 'primaries', 'indexing', 'index_total')).toBe(RECORDS);
});

/** Keeps the write queue of a server busy from two sides. */
function compete(against: RealServer): { stop: () => Promise<void> } {
  const body = Array.from(
    { length: 500 },
    (_, index) => `{"index":{}}\n{"n":${index},"text":"${'x'.repeat(200)}"}\n`,
  ).join('');
  let running = true;
  const side = async (): Promise<void> => {
    while (running) await rest(against, 'POST', '/competition/_bulk', body);
  };
  const sides = Promise.all([side(), side()]);
  return {
    stop: () => {
      running = false;
      return sides.then(() => undefined);
    },
  };
}

test('a whole 429, when the server has no memory for more bulks, is waited out', async () => {
  const opensearch = await start({ 'indexing_pressure.memory.limit': '6mb' });
  await putLogTemplate(opensearch, { stream: STREAM });
  // A bulk that waits for a second copy of its shard, which one node never has, keeps its bytes in memory until its timeout.
  await ask(opensearch, 'PUT', '/hog', { settings: { number_of_shards: 1, number_of_replicas: 1 } });
  const hogged = `{"index":{}}\n{"text":"${'x'.repeat(5 << 20)}"}\n`;
  let isHogging = true;
  const hog = rest(opensearch, 'POST', '/hog/_bulk?wait_for_active_shards=2&timeout=8s', hogged).finally(() => {
    isHogging = false;
  });
  const inMemory = async (): Promise<true | undefined> => {
    const stats = await ask(opensearch, 'GET', '/_nodes/stats/indexing_pressure');
    const [node] = Object.values(at(stats, 'nodes') as object) as unknown[];
    return numberAt(node, 'indexing_pressure', 'memory', 'current', 'coordinating_in_bytes') > 5 << 20
      ? true
      : undefined;
  };
  await until('the hog to sit in the memory of the server', 20_000, inMemory);
  const shipping = await shipNumbered(opensearch, RECORDS);
  await until(
    'retries of throttled requests',
    20_000,
    async () => (await shipping.agent.metric('vigie_agent_retries_total', { reason: 'throttled' })) || undefined,
    shipping.agent.logEnd,
  );
  expect(isHogging).toBe(true);
  expect(await countDocuments(opensearch, STREAM)).toBe(0);
  await hog;
  await expectEveryRecordOnce(opensearch, shipping);
});

test('413 halves bodies until they fit; a single record that is too large goes to the dead letters', async () => {
  const opensearch = await start({ 'http.max_content_length': '1mb' });
  await putLogTemplate(opensearch, { stream: STREAM });
  const tooLarge = await rest(opensearch, 'POST', '/x/_bulk', `{"index":{}}\n{"text":"${'x'.repeat(2 << 20)}"}\n`);
  expect([tooLarge.status, tooLarge.body]).toEqual([413, '']);

  const folder = temporaryFolder('refusals');
  const logs = writePodLogs(folder, RECORDS);
  // 300,000 bytes that JSON writes as six characters each.
  const monster = `monster ${'\u0001'.repeat(300_000)}`;
  const [identity] = containerIdentities(9).slice(8);
  if (identity) writeContainer(logs.root, identity, ['before', monster, 'after']);
  const { configPath, deadLetters } = configure(opensearch, folder, logs.root);
  agent = await startAgent(configPath);
  await untilStored(opensearch, STREAM, RECORDS + 2, agent.logEnd);
  await until(
    'the dead letter',
    60_000,
    () => (readDeadLetters(deadLetters).length > 0 ? true : undefined),
    agent.logEnd,
  );
  expect(await agent.terminate()).toEqual({ code: 0, signal: null });
  const found = await findRecords(opensearch, STREAM, logs);
  expect(found).toMatchObject({ documents: RECORDS + 2, distinct: RECORDS, repeated: 0, foreign: 2, missing: [] });
  const letters = readDeadLetters(deadLetters);
  expect(letters.map(({ sink, status }) => [sink, status])).toEqual([['es', 413]]);
  expect(letters[0]?.message === monster).toBe(true);
});

test('a record that the mapping refuses goes to the dead letters with the reason, and is stored by --replay once the mapping is mended', async () => {
  const opensearch = await start();
  await putLogTemplate(opensearch, {
    stream: STREAM,
    properties: { n: { type: 'integer' }, status: { type: 'integer' } },
  });
  const folder = temporaryFolder('refusals');
  const root = join(folder, 'log');
  const isRefused = (n: number): boolean => n % 10 === 3;
  const messages = Array.from({ length: 20_000 }, (_, n) =>
    JSON.stringify({ n, status: isRefused(n) ? 'teapot' : 200 }),
  );
  const [identity] = containerIdentities(1);
  if (identity) writeContainer(root, identity, messages);
  const { configPath, deadLetters } = configure(
    opensearch,
    folder,
    root,
    {},
    { json: { type: 'parse_json', inputs: ['pods'] } },
  );
  agent = await startAgent(configPath);
  await untilStored(opensearch, STREAM, 18_000, agent.logEnd);
  await until(
    '2000 dead letters',
    60_000,
    () => (readDeadLetters(deadLetters).length >= 2000 ? true : undefined),
    agent.logEnd,
  );
  expect(await agent.terminate(), agent.logEnd()).toEqual({ code: 0, signal: null });
  expect(await numbersOf(opensearch)).toEqual(range(20_000).filter((n) => !isRefused(n)));
  const letters = readDeadLetters(deadLetters);
  expect(letters).toHaveLength(2000);
  for (const { sink, status, error } of letters) {
    expect([sink, status]).toEqual(['es', 400]);
    expect(error).toMatch(/mapper_parsing_exception.*status/);
  }

  await putLogTemplate(opensearch, {
    stream: STREAM,
    properties: { n: { type: 'integer' }, status: { type: 'keyword' } },
  });
  await ask(opensearch, 'POST', `/${STREAM}/_rollover`);
  const moved = join(folder, 'to-replay.ndjson');
  renameSync(deadLetters, moved);
  const replay = await runVigie(['node-agent', '--config', configPath, '--replay', moved]);
  expect(replay.code, replay.stderr).toBe(0);
  expect(await numbersOf(opensearch)).toEqual(range(20_000));
  expect(readDeadLetters(deadLetters)).toEqual([]);
  // Sent twice, the ids make it no more than once.
  const again = await runVigie(['node-agent', '--config', configPath, '--replay', moved]);
  expect(again.code, again.stderr).toBe(0);
  expect(await numbersOf(opensearch)).toEqual(range(20_000));
});

function range(size: number): readonly number[] {
  return Array.from({ length: size }, (_, n) => n);
}

/** The field `n` of all documents, in order. */
async function numbersOf(from: RealServer): Promise<readonly number[]> {
  const numbers: number[] = [];
  await walk(from, STREAM, (source) => numbers.push(numberAt(source, 'n')));
  return numbers.sort((a, b) => a - b);
}
