/** The server dies in the middle of bulks, with its memory and its open connections, and comes back on the same data. */
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type AgentProcess, startAgent, writeConfig } from './agent-process.ts';
import { putLogTemplate } from './data-stream.ts';
import { readDeadLetters } from './dead-letters.ts';
import { inForm } from './form.ts';
import { temporaryFolder } from './leash.ts';
import type { RealServer } from './parts/jvm-server.ts';
import { startOpenSearch } from './parts/opensearch.ts';
import { everyRecordOnce, findRecords, podSource, writePodLogs } from './pod-logs.ts';
import { progress } from './progress.ts';
import { countDocuments, untilStored } from './walk.ts';

const STREAM = 'logs-kubernetes-default';
const RECORDS = inForm(150_000, 600_000);
const KILLS = inForm(2, 5);

let server: RealServer | undefined;
let agent: AgentProcess | undefined;
afterEach(async () => {
  await agent?.kill9();
  await server?.stop();
});

test('what OpenSearch acknowledged before kill -9 is not sent twice, what it did not acknowledge is sent again', async () => {
  server = await startOpenSearch({ heap: inForm('512m', '1g') });
  await putLogTemplate(server, { stream: STREAM });
  const folder = temporaryFolder('killed-server');
  const logs = writePodLogs(folder, RECORDS);
  const deadLetters = join(folder, 'dead-letters.ndjson');
  const configPath = writeConfig(folder, {
    data_dir: join(folder, 'data'),
    sources: { pods: podSource(logs.root) },
    sinks: {
      es: {
        type: 'elasticsearch',
        inputs: ['pods'],
        endpoints: [server.url],
        data_stream: STREAM,
        id: 'deterministic',
        // Small requests, so that every kill meets one.
        batch: { max_bytes: '256KiB' },
        dead_letter: { path: deadLetters },
      },
    },
  });
  agent = await startAgent(configPath);
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const before = (await countDocuments(server, STREAM)) ?? 0;
    await untilStored(server, STREAM, before + Math.floor(RECORDS / (2 * KILLS)), agent.logEnd);
    await server.kill9();
    progress(`kill ${kill} of the server`);
    await server.restart();
  }
  await untilStored(server, STREAM, RECORDS, agent.logEnd);
  expect(await agent.metric('vigie_agent_retries_total')).toBeGreaterThan(0);
  expect(await agent.terminate(), agent.logEnd()).toEqual({ code: 0, signal: null });
  expect(await findRecords(server, STREAM, logs)).toEqual(everyRecordOnce(logs));
  expect(readDeadLetters(deadLetters)).toEqual([]);
});
