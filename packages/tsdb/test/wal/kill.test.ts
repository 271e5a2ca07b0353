import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { FakeClock } from '@vigie/core/fake-clock';
import { seededRandom } from '@vigie/core/random';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Tsdb } from '../../src/tsdb.ts';
import { sortFiles } from '../../src/wal/segment-files.ts';
import { contents } from '../tsdb-bed.ts';

const SERIES = 500;
const KILLS = 6;
let folder: string;
let program: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigie-tsdb-'));
  program = join(folder, 'endless-ingest.cjs');
  buildSync({
    entryPoints: [new URL('./endless-ingest.ts', import.meta.url).pathname],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'cjs',
  });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('kill -9 during ingest and snapshots loses no sample whose append had returned', async () => {
  const random = seededRandom(20_261_129);
  const data = join(folder, 'data');
  let last = -1;
  let isSnapshotSeen = false;
  for (let kill = 0; kill < KILLS; kill++) {
    const batches = 20 + Math.floor(random() * 150);
    // One kill is sure to find a snapshot, however fast the machine is.
    last = await ingestUntilKilled(data, last + 1, batches, () => kill > 0 || hasSnapshot(data));
    const tsdb = new Tsdb(
      { folder: data, fsyncIntervalMs: 1_000, snapshotIntervalMs: 1e9, head: {} },
      { fs, clock: new FakeClock(), reports: { failed: () => undefined } },
    );
    const recovery = await tsdb.start();
    isSnapshotSeen ||= recovery.snapshotSeries > 0;
    expect(recovery.damages.filter(({ reason }) => reason !== 'torn')).toEqual([]);
    expect(recovery.unknownSamples).toBe(0);
    const samples = await contents(tsdb);
    await tsdb.close();
    const found = [...samples.values()].reduce((sum, list) => sum + list.length, 0);
    expect(found).toBeGreaterThanOrEqual((last + 1) * SERIES);
    const steady = [...samples].find(([key]) => key.includes('pod-17\xfe'))![1];
    expect(steady.slice(0, last + 1).map(({ timestampMs }) => timestampMs)).toEqual(
      Array.from({ length: last + 1 }, (_, batch) => 1_700_000_000_000 + batch * 1_000),
    );
    // A batch that was written when its append had not returned is there, too, and is not sent again.
    last = Math.max(last, steady.length - 1);
  }
  expect(isSnapshotSeen).toBe(true);
});

function hasSnapshot(data: string): boolean {
  return sortFiles(readdirSync(data)).snapshots.length > 0;
}

/** @returns the last batch whose append had returned */
async function ingestUntilKilled(
  data: string,
  first: number,
  batches: number,
  mayKill: () => boolean,
): Promise<number> {
  const child = spawn(process.execPath, [program, data, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let last = first - 1;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    if (last >= first + batches && mayKill()) child.kill('SIGKILL');
  }
  const [, signal] = await exited;
  expect(signal).toBe('SIGKILL');
  return last;
}
