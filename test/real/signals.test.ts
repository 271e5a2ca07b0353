/** SIGTERM and SIGHUP while lines flow. Without ids of our own, so that a line that is sent twice shows as two documents. */
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type AgentProcess, startAgent, writeConfig } from './agent-process.ts';
import { type CriWriter, startCriWriter, type WriterPlan } from './cri-writer.ts';
import { putLogTemplate } from './data-stream.ts';
import { until } from './deadline.ts';
import { inForm } from './form.ts';
import { temporaryFolder } from './leash.ts';
import type { RealServer } from './parts/jvm-server.ts';
import { startOpenSearch } from './parts/opensearch.ts';
import { containerIdentities, everyRecordOnce, findRecords, podSource, writePodLogs } from './pod-logs.ts';
import { progress } from './progress.ts';
import { untilStored } from './walk.ts';

const STREAM = 'logs-kubernetes-default';

let server: RealServer | undefined;
let writer: CriWriter | undefined;
let agents: AgentProcess[] = [];
afterEach(async () => {
  for (const agent of agents) await agent.kill9();
  await writer?.stop();
  await server?.stop();
  agents = [];
  server = writer = undefined;
});

async function start(configPath: string): Promise<AgentProcess> {
  const agent = await startAgent(configPath);
  agents.push(agent);
  return agent;
}

interface Stage {
  readonly opensearch: RealServer;
  readonly plan: WriterPlan;
  readonly writer: CriWriter;
  readonly configPath: string;
  /** Writes agent.yaml anew. */
  configure(changes: { data_stream?: string; compression?: string; grace?: string }): void;
}

/** A server, a writer that rotates, and a configuration that joins them. */
async function setStage(records: number): Promise<Stage> {
  const opensearch = await startOpenSearch({ heap: inForm('512m', '1g') });
  server = opensearch;
  await putLogTemplate(opensearch, { stream: STREAM });
  const folder = temporaryFolder('signals');
  const plan: WriterPlan = {
    root: join(folder, 'log'),
    seed: 5,
    startMs: Date.now(),
    from: 0,
    to: records,
    containers: containerIdentities(4),
    rotation: { maxSizeBytes: 512 << 10, maxFiles: 50 },
    linesPerSecond: 6000,
    // So that nothing has to come again which was delivered: these suites count what is there twice.
    interleaved: false,
  };
  const configure: Stage['configure'] = ({ compression = 'none', grace = '15s' }) => {
    writeConfig(folder, {
      data_dir: join(folder, 'data'),
      shutdown_grace: grace,
      sources: { pods: podSource(plan.root) },
      sinks: {
        es: {
          type: 'elasticsearch',
          inputs: ['pods'],
          endpoints: [opensearch.url],
          data_stream: STREAM,
          id: 'none',
          compression,
        },
      },
    });
  };
  configure({});
  writer = startCriWriter(plan, folder);
  writer.allow(records);
  return { opensearch, plan, writer, configPath: join(folder, 'agent.yaml'), configure };
}

test('SIGTERM drains what is in flight and exits 0: the next agent goes on where it ended, nothing lost and nothing twice', async () => {
  const records = inForm(60_000, 300_000);
  const rounds = inForm(4, 12);
  const { opensearch, plan, configPath } = await setStage(records);
  for (let round = 1; round <= rounds; round += 1) {
    const agent = await start(configPath);
    await untilStored(opensearch, STREAM, Math.floor((records * round) / (rounds + 1)), agent.logEnd);
    const startedAt = performance.now();
    expect(await agent.terminate(), agent.logEnd()).toEqual({ code: 0, signal: null });
    progress(`round ${round}: drained in ${Math.round(performance.now() - startedAt)} ms`);
  }
  const last = await start(configPath);
  await untilStored(opensearch, STREAM, records, last.logEnd);
  expect(await last.terminate(), last.logEnd()).toEqual({ code: 0, signal: null });
  expect(await findRecords(opensearch, STREAM, plan)).toEqual(everyRecordOnce(plan));
});

test('SIGTERM and SIGHUP in the middle of a backlog, where requests are full and reads are cut between two of them, send nothing twice', async () => {
  const opensearch = await startOpenSearch({ heap: inForm('512m', '1g') });
  server = opensearch;
  await putLogTemplate(opensearch, { stream: STREAM });
  const folder = temporaryFolder('backlog');
  const logs = writePodLogs(folder, inForm(120_000, 400_000));
  const configPath = writeConfig(folder, {
    data_dir: join(folder, 'data'),
    shutdown_grace: '60s',
    sources: { pods: podSource(logs.root) },
    sinks: {
      es: {
        type: 'elasticsearch',
        inputs: ['pods'],
        endpoints: [opensearch.url],
        data_stream: STREAM,
        id: 'none',
        batch: { max_bytes: '1MiB' },
      },
    },
  });
  for (let stored = 15_000; stored < logs.to; stored += 30_000) {
    const agent = await start(configPath);
    await untilStored(opensearch, STREAM, stored, agent.logEnd);
    agent.signal('SIGHUP');
    await untilStored(opensearch, STREAM, stored + 15_000, agent.logEnd);
    expect(await agent.terminate(), agent.logEnd()).toEqual({ code: 0, signal: null });
  }
  const last = await start(configPath);
  await untilStored(opensearch, STREAM, logs.to, last.logEnd);
  expect(await last.terminate(), last.logEnd()).toEqual({ code: 0, signal: null });
  expect(await findRecords(opensearch, STREAM, logs)).toEqual(everyRecordOnce(logs));
});

test('SIGTERM while the server hangs ends within the grace time, and loses nothing', async () => {
  const { opensearch, plan, configPath, configure } = await setStage(30_000);
  configure({ grace: '2s' });
  const agent = await start(configPath);
  await untilStored(opensearch, STREAM, 5000, agent.logEnd);
  process.kill(opensearch.pid(), 'SIGSTOP');
  try {
    await until('bytes in flight', 20_000, async () =>
      (await agent.metric('vigie_agent_in_flight_bytes')) > 0 ? true : undefined,
    );
    const startedAt = performance.now();
    const exit = await agent.terminate();
    const seconds = (performance.now() - startedAt) / 1000;
    progress(`ended with ${exit.code} after ${seconds.toFixed(1)} s`);
    expect(exit, agent.logEnd()).toEqual({ code: 0, signal: null });
    // Two seconds of grace, and a machine that does other things.
    expect(seconds).toBeGreaterThan(1.5);
    expect(seconds).toBeLessThan(10);
  } finally {
    process.kill(opensearch.pid(), 'SIGCONT');
  }
  const next = await start(configPath);
  // What was in flight may be there twice: nobody knows whether the hanging server has stored it.
  await until(
    'all records',
    120_000,
    async () => {
      const { distinct } = await findRecords(opensearch, STREAM, plan);
      return distinct === plan.to ? true : undefined;
    },
    next.logEnd,
  );
  const found = await findRecords(opensearch, STREAM, plan);
  expect(found).toMatchObject({ distinct: plan.to, foreign: 0, missing: [], faults: [] });
  progress(`${found.repeated} of ${plan.to} were in flight and are there twice`);
});

test('SIGHUP in the middle of traffic takes up the new configuration and loses no line', async () => {
  const records = inForm(60_000, 300_000);
  const { opensearch, plan, writer, configPath, configure } = await setStage(records);
  const agent = await start(configPath);
  const reloads = inForm(5, 20);
  for (let reload = 1; reload <= reloads; reload += 1) {
    await untilStored(opensearch, STREAM, Math.floor((records * reload) / (reloads + 1)), agent.logEnd);
    configure({ compression: reload % 2 === 0 ? 'none' : 'gzip' });
    agent.signal('SIGHUP');
    await until(
      `reload ${reload}`,
      60_000,
      async () => ((await agent.metric('vigie_agent_config_reloads_total')) === reload ? true : undefined),
      agent.logEnd,
    );
  }
  expect(await agent.metric('vigie_agent_config_last_reload_successful')).toBe(1);
  await writer.finished;
  await untilStored(opensearch, STREAM, records, agent.logEnd);
  expect(await agent.terminate(), agent.logEnd()).toEqual({ code: 0, signal: null });
  expect(await findRecords(opensearch, STREAM, plan)).toEqual(everyRecordOnce(plan));
});

test('SIGHUP with a bad file leaves the old configuration running', async () => {
  const { opensearch, plan, configPath } = await setStage(10_000);
  const agent = await start(configPath);
  await untilStored(opensearch, STREAM, 1000, agent.logEnd);
  writeConfig(join(configPath, '..'), 'sources: {}\n');
  agent.signal('SIGHUP');
  await until('the refusal', 60_000, () => (/not reloaded/.test(agent.log()) ? true : undefined), agent.logEnd);
  expect(await agent.metric('vigie_agent_config_last_reload_successful')).toBe(0);
  await untilStored(opensearch, STREAM, 10_000, agent.logEnd);
  expect(await agent.terminate(), agent.logEnd()).toEqual({ code: 0, signal: null });
  expect(await findRecords(opensearch, STREAM, plan)).toEqual(everyRecordOnce(plan));
});
