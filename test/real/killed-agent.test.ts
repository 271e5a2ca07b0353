/** Nothing lost, nothing twice: the agent is killed with SIGKILL at random moments while containers write and the kubelet rotates. */
import { afterEach, expect, test } from 'vitest';
import { inForm } from './form.ts';
import { shipThroughKills } from './kill-rounds.ts';
import { startElasticsearch } from './parts/elasticsearch.ts';
import type { RealServer } from './parts/jvm-server.ts';
import { startOpenSearch } from './parts/opensearch.ts';

let server: RealServer | undefined;
afterEach(() => server?.stop());

test('OpenSearch has 1,000,000 of 1,000,000 lines once, after five kills of the agent', async () => {
  server = await startOpenSearch({ heap: '1g' });
  await shipThroughKills(server, { records: 1_000_000, kills: 5, linesPerSecond: 25_000, rotateAtBytes: 1 << 20 });
  expect.hasAssertions();
});

test('Elasticsearch has every line once, after the agent was killed in between', async () => {
  server = await startElasticsearch({ heap: inForm('512m', '1g') });
  await shipThroughKills(
    server,
    inForm(
      { records: 100_000, kills: 2, linesPerSecond: 15_000, rotateAtBytes: 1 << 19 },
      { records: 1_000_000, kills: 5, linesPerSecond: 25_000, rotateAtBytes: 1 << 20 },
    ),
  );
  expect.hasAssertions();
});
