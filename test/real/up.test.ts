/** `vigie up --elasticsearch URL` against a server that has never heard of it: nothing is to be prepared by hand. */
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { CHECKOUT } from './agent-process.ts';
import { until } from './deadline.ts';
import { killLeashed, spawnLeashed, temporaryFolder } from './leash.ts';
import type { RealServer } from './parts/jvm-server.ts';
import { startOpenSearch } from './parts/opensearch.ts';
import { arrayAt, ask, at, numberAt } from './rest.ts';
import { countDocuments, untilStored } from './walk.ts';

const STREAM = 'logs-kubernetes-default';
const RECORDS = 200;
const TIMEOUT_MS = 60_000;

let server: RealServer | undefined;
let child: ReturnType<typeof spawnLeashed> | undefined;
afterEach(async () => {
  if (child !== undefined) await killLeashed(child);
  await server?.stop();
});

test('the demo arrives in OpenSearch as documents of a data stream, each once, and SIGTERM leaves none behind', async () => {
  server = await startOpenSearch();
  const binary = join(CHECKOUT, 'packages/cli/bin/vigie.cjs');
  const options = [
    '--demo',
    '--data-dir',
    temporaryFolder('up'),
    '--listen',
    '127.0.0.1:0',
    '--elasticsearch',
    server.url,
  ];
  const up = spawnLeashed(process.execPath, [binary, 'up', ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  child = up;
  let output = '';
  for (const stream of [up.stdout, up.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  }
  await untilStored(server, STREAM, RECORDS, () => output);
  const listening = /^listening on (http:\/\/\S+) \(http\)$/m.exec(output)?.[1] ?? '';
  const [entry] = arrayAt(await ask({ url: listening }, 'GET', '/agent/ledger'));
  expect(at(entry, 'droppedBytes')).toEqual({});

  const ended = new Promise((resolve) => up.once('close', resolve));
  up.kill('SIGTERM');
  expect(await ended, output).toBe(0);
  const acknowledged = Number(/acked (\d+) records/.exec(output.trimEnd().split('\n').at(-1) ?? '')?.[1]);
  expect(acknowledged, output).toBeGreaterThanOrEqual(RECORDS);
  const target = server;
  await until(
    `${acknowledged} documents, and no more`,
    TIMEOUT_MS,
    async () => ((await countDocuments(target, STREAM)) === acknowledged ? true : undefined),
    () => output,
  );

  const namespaces = await ask(server, 'POST', `/${STREAM}/_search`, {
    size: 0,
    aggs: { namespaces: { terms: { field: 'kubernetes.namespace' } } },
  });
  const buckets = arrayAt(at(namespaces, 'aggregations', 'namespaces', 'buckets'));
  expect(buckets.map((bucket) => at(bucket, 'key')).sort()).toEqual(['billing', 'shop']);
  expect(buckets.reduce<number>((sum, bucket) => sum + numberAt(bucket, 'doc_count'), 0)).toBe(acknowledged);
});
