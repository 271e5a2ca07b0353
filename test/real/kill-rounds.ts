/** The headline scenario: numbered lines through rotations while the agent is killed again and again, and every line once at the end. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { type AgentProcess, startAgent, writeConfig } from './agent-process.ts';
import { type CriWriter, startCriWriter, type WriterPlan } from './cri-writer.ts';
import { putLogTemplate } from './data-stream.ts';
import { removeFolder, temporaryFolder } from './leash.ts';
import type { RealServer } from './parts/jvm-server.ts';
import { containerIdentities, everyRecordOnce, findRecords, podSource } from './pod-logs.ts';
import { progress } from './progress.ts';
import { runSeed, seeded } from './seeded.ts';
import { countDocuments } from './walk.ts';

export interface KillRounds {
  readonly records: number;
  readonly kills: number;
  readonly linesPerSecond: number;
  /** So small that every container rotates several times. */
  readonly rotateAtBytes: number;
}

const STREAM = 'logs-kubernetes-default';
const CONTAINERS = 6;
/** Of a container's log, before the kubelet removes the oldest of it. */
const KEPT_BYTES = 10 << 20;
/** The writer stays at most so many records ahead of what the server has: were all of them in one container, at some 150 bytes each they would
 *  still lie within the rotated files that are kept, so that the scenario cannot delete what no agent could have read. */
const MOST_RECORDS_AHEAD = 50_000;
/** A server that stores nothing for so long, with records due, will not go on. */
const STALL_TIMEOUT_MS = 60_000;
const LOOK_EVERY_MS = 200;
const TELL_EVERY_MS = 5000;

/** Runs the scenario and checks every document; fails with the seed and with what is missing, twice or different. */
export async function shipThroughKills(server: RealServer, rounds: KillRounds): Promise<void> {
  const seed = runSeed();
  progress(
    `${rounds.records} records through ${rounds.kills} kills into ${server.kind}, seed ${seed} (VIGIE_REAL_SEED repeats it)`,
  );
  const folder = temporaryFolder('kills');
  const plan: WriterPlan = {
    root: join(folder, 'log'),
    seed,
    startMs: Date.now(),
    from: 0,
    to: rounds.records,
    containers: containerIdentities(CONTAINERS),
    rotation: { maxSizeBytes: rounds.rotateAtBytes, maxFiles: KEPT_BYTES / rounds.rotateAtBytes },
    linesPerSecond: rounds.linesPerSecond,
    interleaved: true,
    restartContainerAt: Math.floor(rounds.records / 2),
  };
  await putLogTemplate(server, { stream: STREAM });
  const deadLetters = join(folder, 'dead-letters.ndjson');
  const configPath = writeConfig(folder, {
    data_dir: join(folder, 'data'),
    sources: { pods: podSource(plan.root) },
    sinks: {
      es: {
        type: 'elasticsearch',
        inputs: ['pods'],
        endpoints: [server.url],
        data_stream: STREAM,
        id: 'deterministic',
        dead_letter: { path: deadLetters },
      },
    },
  });
  const writer = startCriWriter(plan, folder);
  const agents: AgentProcess[] = [];
  const startNext = async (): Promise<AgentProcess> => {
    const agent = await startAgent(configPath);
    agents.push(agent);
    return agent;
  };
  try {
    const startedAt = performance.now();
    const { agent, stalled } = await shipAll(server, rounds, seed, writer, startNext);
    const seconds = (performance.now() - startedAt) / 1000;
    const { rotations, gzipped, removed, undone, written } = writer.progress();
    progress(
      `${written} written in ${seconds.toFixed(1)} s: ${rotations} rotations, ${undone} undone, ${gzipped} gzipped, ${removed} removed`,
    );
    await expectNothingGivenUp(agent);
    const exit = await agent.terminate();
    const end = agent.logEnd();
    const walkedAt = performance.now();
    const found = await findRecords(server, STREAM, plan);
    const walkSeconds = (performance.now() - walkedAt) / 1000;
    progress(
      `walked ${found.documents} documents in ${walkSeconds.toFixed(1)} s: ${found.distinct} distinct, ${found.repeated} repeated`,
    );
    expect(found, `seed ${seed}, ${stalled ? 'shipping stalled, ' : ''}${end}`).toEqual(everyRecordOnce(plan));
    expect(existsSync(deadLetters) ? readFileSync(deadLetters, 'utf8') : '', 'dead letters').toBe('');
    expect(rotations, 'rotations').toBeGreaterThan(CONTAINERS);
    expect(exit, `the exit of the last agent: ${end}`).toEqual({ code: 0, signal: null });
  } finally {
    for (const agent of agents) await agent.kill9();
    await writer.stop();
    removeFolder(folder);
  }
}

/** Lets the writer write and kills the agent at seeded moments, until all is stored or nothing moves any more.
 *  @returns the agent that runs at the end */
async function shipAll(
  server: RealServer,
  rounds: KillRounds,
  seed: number,
  writer: CriWriter,
  startNext: () => Promise<AgentProcess>,
): Promise<{ agent: AgentProcess; stalled: boolean }> {
  const random = seeded(seed);
  // Between 5 % and 90 % of what is stored, so that there is work before the first kill and after the last.
  const killAt = Array.from({ length: rounds.kills }, () =>
    Math.floor(rounds.records * (0.05 + 0.85 * random.next())),
  ).sort((a, b) => a - b);
  let agent = await startNext();
  let stored = 0;
  let grewAt = performance.now();
  let toldAt = grewAt;
  for (;;) {
    const count = (await countDocuments(server, STREAM)) ?? stored;
    const now = performance.now();
    if (count > stored) grewAt = now;
    stored = count;
    writer.allow(stored + MOST_RECORDS_AHEAD);
    const { written, rotations } = writer.progress();
    if (now - toldAt > TELL_EVERY_MS) {
      toldAt = now;
      progress(`${stored} stored, ${written} written, ${rotations} rotations`);
    }
    if (killAt[0] !== undefined && stored >= killAt[0]) {
      killAt.shift();
      const peakMegabytes = Math.round((agent.peakResidentBytes() ?? 0) / 1e6);
      const killed = agent.pid;
      await expectNothingGivenUp(agent);
      await agent.kill9();
      agent = await startNext();
      progress(
        `kill -9 at ${stored} stored, ${written} written: ${agent.pid} took over from ${killed}, which had ${peakMegabytes} MB at most`,
      );
    } else if (stored >= rounds.records && writer.progress().done && killAt.length === 0) {
      return { agent, stalled: false };
    } else if (now - grewAt > STALL_TIMEOUT_MS) {
      return { agent, stalled: true };
    }
    await delay(LOOK_EVERY_MS);
  }
}

/** An agent may not even believe that it lost or dropped something. */
async function expectNothingGivenUp(agent: AgentProcess): Promise<void> {
  for (const { lostBytes, droppedBytes } of await agent.ledger()) {
    expect({ lostBytes, droppedBytes }, agent.logEnd()).toEqual({ lostBytes: {}, droppedBytes: {} });
  }
}
