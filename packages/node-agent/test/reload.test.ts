import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import * as fsPromises from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@vigie/core/clock';
import { createLog } from '@vigie/core/log';
import { readinessProblems } from '@vigie/log-pipeline/agent/readiness';
import { createSinkRuntime } from '@vigie/log-pipeline/agent/sinks';
import { createTransform } from '@vigie/log-pipeline/agent/transforms';
import type { CheckpointFs } from '@vigie/log-pipeline/checkpoint/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeAgent } from '../src/agent.ts';
import { createAgentMetrics } from '../src/agent-metrics.ts';
import { loadAgentConfig } from '../src/config.ts';

/** Errors of this operation on paths that hold this text. */
interface Fault {
  readonly operation: 'open' | 'readFile';
  readonly code: string;
  readonly path: string;
}

describe('a reload', { timeout: 30_000 }, () => {
  let root = '';
  let agent: NodeAgent;
  let faults: Fault[] = [];
  /** The sink of the first configuration cannot be made, as where no descriptor is left. */
  let outFails = false;
  let logged: string[] = [];
  const ending = new AbortController();

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'vigie-reload-'));
    mkdirSync(join(root, 'logs'));
    faults = [];
    outFails = false;
    logged = [];
    const world = {
      clock: systemClock,
      random: () => 0.1,
      env: {},
      version: '0.0.0',
      log: createLog('info', { write: (line) => void logged.push(line) }),
    };
    agent = new NodeAgent(await config(sink('out')), {
      ...world,
      metrics: createAgentMetrics(),
      print: () => undefined,
      identity: { nodeName: 'n1', self: { namespace: undefined, name: undefined } },
      kernel: undefined,
      createTransform,
      createSink: (name, section) => {
        if (outFails && name === 'out') throw errno('EMFILE');
        return createSinkRuntime(name, section, world);
      },
      checkpointFs: faultyFs(),
    });
    await agent.start(ending.signal);
    write(0, 100);
    await received(100);
  });
  afterEach(async () => {
    await agent.close(AbortSignal.timeout(5_000));
    rmSync(root, { recursive: true, force: true });
  });

  function faultyFs(): CheckpointFs {
    const check = (operation: Fault['operation'], path: string): void => {
      const fault = faults.find((one) => one.operation === operation && path.includes(one.path));
      if (fault !== undefined) throw errno(fault.code);
    };
    return {
      ...fsPromises,
      open: async (path, flags, mode) => {
        check('open', path);
        return fsPromises.open(path, flags, mode);
      },
      readFile: async (path) => {
        check('readFile', path);
        return fsPromises.readFile(path);
      },
    };
  }

  const logFile = (): string => join(root, 'logs/app.log');
  const write = (from: number, to: number): void => appendFileSync(logFile(), `${numbered(from, to).join('\n')}\n`);
  const numbered = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, i) => `line ${from + i}`);
  const sink = (name: string, inputs = 'files'): string =>
    `  ${name}: { type: file, inputs: [${inputs}], path: "${root}/${name}.ndjson", batch: { timeout: 5ms } }\n`;

  async function config(sinks: string, sources = '') {
    const file = join(root, 'agent.yaml');
    writeFileSync(
      file,
      `data_dir: "${root}/data"
checkpoint_interval: 20ms
sources:
  files: { type: file, paths: ["${root}/logs/*.log"], reconcile_interval: 50ms }
${sources}sinks:
${sinks}`,
    );
    return loadAgentConfig(file, {}, undefined);
  }
  const reload = async (sinks: string, sources = ''): Promise<void> =>
    agent.reload(await config(sinks, sources), ending.signal);

  function messages(name = 'out'): string[] {
    try {
      const lines = readFileSync(join(root, `${name}.ndjson`), 'utf8')
        .split('\n')
        .slice(0, -1);
      return lines.map((line) => String(JSON.parse(line).message));
    } catch {
      return [];
    }
  }
  const received = (count: number, name = 'out'): Promise<void> =>
    expect.poll(() => messages(name).length, { timeout: 20_000, interval: 5 }).toBe(count);
  const problems = (): string[] => readinessProblems(agent, systemClock.monotonicMs());
  const sinkNames = (): string[] => agent.lanes.map(({ route }) => route.sink);
  /** Of the log's one file. */
  const generation = () =>
    [...agent.sources].flatMap(({ catalog }) => catalog.logs.get(logFile())?.generations ?? []).at(0);
  /** Every sink has acknowledged so many records, and none has read more. */
  const balanced = (records: number): Promise<void> =>
    expect
      .poll(() => agent.ledger().map((of) => [of.readRecords, of.ackedRecords, of.inFlightBytes]))
      .toEqual(agent.lanes.map(() => [records, records, 0]));

  /** A port that somebody else has: the source that is to listen there cannot start, which shows only late. */
  async function withTakenPort(run: (source: string) => Promise<void>): Promise<void> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      await run(`  pushed: { type: loki_push, listen: "127.0.0.1:${port}" }\n`);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  }

  it('needs nothing of the disk for lanes that go on', async () => {
    faults = [{ operation: 'readFile', code: 'EIO', path: 'files.out.ckpt' }];
    await reload(sink('out') + sink('second'));
    write(100, 200);
    await received(200);
    await received(200, 'second');
    expect(messages()).toEqual(numbered(0, 200));
    expect(problems()).toEqual([]);
  });

  it('goes on where a lane ended, though that place could not be written', async () => {
    faults = [{ operation: 'open', code: 'ENOSPC', path: 'files.out.ckpt' }];
    write(100, 200);
    await received(200);
    await reload(sink('out') + sink('second'));
    write(200, 300);
    await received(300);
    await received(300, 'second');
    expect(messages()).toEqual(numbered(0, 300));
    await balanced(300);
    faults = [];
    await expect
      .poll(() => readFileSync(join(root, 'data/checkpoints/files.out.ckpt'), 'utf8'))
      .toContain(`"offset":${readFileSync(logFile()).length}`);
  });

  it('leaves the old lanes running when the checkpoint of a new one cannot be read', async () => {
    faults = [{ operation: 'readFile', code: 'EIO', path: 'files.second.ckpt' }];
    await expect(reload(sink('out') + sink('second'))).rejects.toThrow('EIO');
    write(100, 200);
    await received(200);
    expect(sinkNames()).toEqual(['out']);
    faults = [];
    await reload(sink('out') + sink('second'));
    await received(200, 'second');
    expect(messages()).toEqual(numbered(0, 200));
  });

  it('that fails when the lanes have been exchanged brings the former configuration back', async () => {
    await withTakenPort(async (source) => {
      await expect(reload(sink('other') + sink('pushes', 'pushed'), source)).rejects.toThrow('cannot listen');
    });
    expect(sinkNames()).toEqual(['out']);
    expect(agent.components).toEqual(['files', 'out']);
    expect(agent.pushed.problems).toEqual([]);
    write(100, 200);
    await received(200);
    expect(messages()).toEqual(numbered(0, 200));
    await balanced(200);
    expect(problems()).toEqual([]);
    await reload(sink('out'));
    write(200, 300);
    await received(300);
    expect(messages()).toEqual(numbered(0, 300));
  });

  it('that cannot even be taken back shows, and is taken back when it can be', async () => {
    outFails = true;
    await withTakenPort(async (source) => {
      await expect(reload(sink('other') + sink('pushes', 'pushed'), source)).rejects.toThrow('cannot listen');
    });
    expect(problems()).toEqual([
      expect.stringMatching(/^nothing is read or sent for \d s, since a reload failed: EMFILE/),
    ]);
    expect(logged.join('')).toContain('the former configuration cannot be brought back');
    // Deleted while nobody reads: it stays open for those who will.
    write(100, 200);
    const written = readFileSync(logFile()).length;
    await expect.poll(() => generation()?.sizeBytes, { timeout: 20_000 }).toBe(written);
    unlinkSync(logFile());
    await expect.poll(() => generation()?.path, { timeout: 20_000 }).toBe(undefined);
    expect(generation()?.sizeBytes).toBe(written);
    outFails = false;
    await expect.poll(problems, { timeout: 20_000 }).toEqual([]);
    expect(sinkNames()).toEqual(['out']);
    await received(200);
    expect(messages()).toEqual(numbered(0, 200));
    await balanced(200);
    expect(agent.ledger()[0]?.lostBytes).toEqual({});
  });

  it('ends an outage when another configuration works', async () => {
    outFails = true;
    await withTakenPort(async (source) => {
      await expect(reload(sink('other') + sink('pushes', 'pushed'), source)).rejects.toThrow('cannot listen');
    });
    expect(problems()).toHaveLength(1);
    outFails = false;
    await reload(sink('out') + sink('second'));
    expect(problems()).toEqual([]);
    write(100, 200);
    await received(200);
    await received(200, 'second');
    expect(messages()).toEqual(numbered(0, 200));
  });
});

function errno(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}
