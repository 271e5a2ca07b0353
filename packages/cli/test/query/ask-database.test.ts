/** `vigie query --data-dir` beside the database that runs. */
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@vigie/core/fake-clock';
import { lockFolder } from '@vigie/core/folder-lock';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { Tsdb } from '@vigie/tsdb/tsdb';
import { describe, expect, it, onTestFinished } from 'vitest';
import { askDatabase } from '../../src/query/ask-database.ts';
import type { QueryRequest } from '../../src/query/request.ts';
import { type OutputFormat, runQuery } from '../../src/query/run-query.ts';
import { CapturedTerminal } from '../captured-terminal.ts';
import { AT_MS } from './answers.ts';

const UP: QueryRequest = { type: 'instant', promql: 'up', timeMs: AT_MS };
const { signal } = new AbortController();

async function folder(): Promise<string> {
  const path = await fs.mkdtemp(join(tmpdir(), 'vigie-query-'));
  onTestFinished(() => fs.rm(path, { recursive: true }));
  return path;
}

/** A database that has its folder, and a sample of `up` at AT_MS, a minute later and in two minutes. */
async function running(path: string): Promise<Tsdb> {
  const reports = { failed: (_operation: string, error: unknown) => expect.unreachable(String(error)) };
  const deps = { fs, clock: new FakeClock(AT_MS), lock: lockFolder, reports };
  const tsdb = new Tsdb({ folder: path }, deps);
  await tsdb.start();
  onTestFinished(() => tsdb.close());
  const ref = tsdb.getOrCreate(LabelSet.of({ __name__: 'up', job: 'vigie' }));
  if (typeof ref === 'string') throw new Error(ref);
  const timestampsMs = Float64Array.of(AT_MS, AT_MS + 60_000, AT_MS + 120_000);
  const values = Float64Array.of(1, 0, 1);
  await tsdb.append({ count: 3, refs: Uint32Array.of(ref, ref, ref), timestampsMs, values });
  return tsdb;
}

async function ask(dataDir: string, request: QueryRequest, format: OutputFormat = 'auto') {
  const terminal = new CapturedTerminal();
  const code = await runQuery(
    request,
    (asked, advice) => askDatabase(asked, dataDir, advice, signal),
    format,
    terminal,
  );
  return { code, stdout: terminal.out, stderr: terminal.err };
}

describe('the metrics of this machine', () => {
  it('answer as a server over them would, which goes on with its files as they are', async () => {
    const home = await folder();
    const data = join(home, 'metrics');
    const tsdb = await running(data);
    const before = await fs.readdir(data);
    // Of `vigie up`, and of a collector.
    for (const dataDir of [home, data])
      expect(await ask(dataDir, UP)).toEqual({
        code: 0,
        stdout: 'series           value\nup{job="vigie"}  1\n',
        stderr: '',
      });
    const range = { startMs: AT_MS, endMs: AT_MS + 120_000, stepMs: 60_000 };
    expect(JSON.parse((await ask(data, { type: 'range', promql: 'up * 2', range }, 'json')).stdout)).toEqual({
      status: 'success',
      data: {
        resultType: 'matrix',
        result: [
          {
            metric: { job: 'vigie' },
            values: [0, 60, 120].map((seconds, at) => [AT_MS / 1000 + seconds, ['2', '0', '2'][at]]),
          },
        ],
      },
    });
    expect(await fs.readdir(data)).toEqual(before);
    expect(tsdb.isReady).toBe(true);
  });

  it('say from when to when there are any, where nothing is found', async () => {
    const data = await folder();
    await running(data);
    expect(await ask(data, { ...UP, timeMs: AT_MS + 3_600_000 })).toEqual({
      code: 0,
      stdout: '',
      stderr: `vigie: no series\nvigie: ${data} has samples from 2026-11-29T10:00:00Z to 2026-11-29T10:02:00Z\n`,
    });
  });

  it('say what is wrong with a query in the words of the API', async () => {
    const data = await folder();
    await running(data);
    expect(await ask(data, { ...UP, promql: 'sum(up' })).toEqual({
      code: 2,
      stdout: '',
      stderr: `vigie: ${data} answers bad_data: invalid parameter "query": 1:7: parse error: unclosed left parenthesis\n  sum(up\n        ^\n`,
    });
  });

  it('say where they are damaged, and which folder has none', async () => {
    const data = await folder();
    const tsdb = await running(data);
    await tsdb.snapshot();
    await tsdb.close();
    const [name = ''] = (await fs.readdir(data)).filter((file) => file.endsWith('.snapshot'));
    const bytes = await fs.readFile(join(data, name));
    bytes[40]! ^= 1;
    await fs.writeFile(join(data, name), bytes);
    expect((await ask(data, UP)).stderr).toMatch(/^vigie: no series\nvigie: files in .* are damaged, in places: \d+; /);
    await expect(ask(await folder(), UP)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('which has no metrics'),
    });
  });
});
