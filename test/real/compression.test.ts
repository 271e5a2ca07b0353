/** Bodies as zlib streams made by the agent itself, and as gzip: what the servers inflate is what was written. */
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type AgentProcess, startAgent, writeConfig } from './agent-process.ts';
import { putLogTemplate } from './data-stream.ts';
import { temporaryFolder } from './leash.ts';
import { startElasticsearch } from './parts/elasticsearch.ts';
import type { RealServer } from './parts/jvm-server.ts';
import { startOpenSearch } from './parts/opensearch.ts';
import { everyRecordOnce, findRecords, podSource, writePodLogs } from './pod-logs.ts';
import { untilStored } from './walk.ts';

const RECORDS = 40_000;
/** As many labels as a real pod has, so that there is something to refer back to. */
const LABELS = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`example.org/label-${n}`, `value ${n} "é"`]));

let server: RealServer | undefined;
let agent: AgentProcess | undefined;
afterEach(async () => {
  await agent?.kill9();
  await server?.stop();
});

test.each([
  ['OpenSearch', startOpenSearch],
  ['Elasticsearch', startElasticsearch],
] as const)('%s takes deflated and gzipped bulks', async (_name, start) => {
  server = await start();
  for (const compression of ['deflate', 'gzip']) {
    const stream = `logs-kubernetes-${compression}`;
    await putLogTemplate(server, { stream });
    const folder = temporaryFolder('compression');
    const logs = writePodLogs(folder, RECORDS);
    const configPath = writeConfig(folder, {
      data_dir: join(folder, 'data'),
      sources: { pods: { ...podSource(logs.root), static_labels: LABELS } },
      sinks: {
        es: {
          type: 'elasticsearch',
          inputs: ['pods'],
          endpoints: [server.url],
          data_stream: stream,
          id: 'deterministic',
          compression,
        },
      },
    });
    agent = await startAgent(configPath);
    await untilStored(server, stream, RECORDS, agent.logEnd);
    expect(await agent.terminate(), agent.logEnd()).toEqual({ code: 0, signal: null });
    expect(await findRecords(server, stream, logs)).toEqual(everyRecordOnce(logs));
  }
});
