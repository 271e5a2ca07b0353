import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { systemClock } from '@vigie/core/clock';
import { createLog } from '@vigie/core/log';
import { seededRandom } from '@vigie/core/random';
import { remoteWriteReceiver } from '@vigie/tsdb/api/remote-write';
import { TsdbApiCounts } from '@vigie/tsdb/api/telemetry';
import { Tsdb } from '@vigie/tsdb/tsdb';
import { buildSync } from 'esbuild';
import fastify from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { contents, temporaryFolder } from './receiver-bed.ts';

const KILLS = 2;
/** On a machine whose cores are all busy, each process takes its time to start. */
const TIMEOUT_MS = 240_000;
let folder: ReturnType<typeof temporaryFolder>;
let program: string;

beforeAll(() => {
  folder = temporaryFolder();
  program = `${folder.path}/endless-sender.cjs`;
  buildSync({
    entryPoints: [new URL('./endless-sender.ts', import.meta.url).pathname],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'cjs',
  });
});

afterAll(() => folder.remove());

interface Peer {
  readonly tsdb: Tsdb;
  readonly port: number;
  close(): Promise<void>;
}

async function startPeer(data: string, port: number): Promise<Peer> {
  const failed = (operation: string, error: unknown): void => {
    throw new Error(operation, { cause: error });
  };
  const head = { maxAheadMs: Number.POSITIVE_INFINITY, outOfOrderWindowMs: 0 };
  const tsdb = new Tsdb({ folder: data, head }, { fs, clock: systemClock, reports: { failed } });
  await tsdb.start();
  const app = fastify();
  const log = createLog('error', { write: () => undefined });
  await app.register(remoteWriteReceiver, { tsdb, counts: new TsdbApiCounts(), log });
  const url = new URL(await app.listen({ host: '127.0.0.1', port }));
  return {
    tsdb,
    port: Number(url.port),
    close: async () => {
      app.server.closeAllConnections();
      await app.close();
      await tsdb.close();
    },
  };
}

it.each(['1.0', '2.0'])(
  'kill -9 of the sender and restarts of the receiver lose no sample whose append had returned, %s',
  async (version) => {
    const random = seededRandom(20_261_129);
    const home = `${folder.path}/${version}`;
    let peer = await startPeer(`${home}/peer`, 0);
    const target = `http://127.0.0.1:${peer.port}/api/v1/write`;
    let last = -1;
    for (let kill = 0; kill < KILLS; kill++) {
      const batches = 40 + Math.floor(random() * 40);
      last = await sendUntilKilled([home, target, version, String(last + 1)], last + 1 + batches, async (batch) => {
        if (batch !== last + 20) return;
        // Gone for a while, in the middle of requests.
        await peer.close();
        peer = await startPeer(`${home}/peer`, peer.port);
      });
    }
    const drain = spawn(process.execPath, [program, home, target, version, 'drain'], { stdio: 'inherit' });
    const [code] = await once(drain, 'exit');
    expect(code).toBe(0);
    const found = await contents(peer.tsdb);
    const steady = found.get('{"__name__":"requests_total","cluster":"c1","pod":"pod-17"}') ?? [];
    await peer.close();
    const wanted = Array.from(
      { length: last + 1 },
      (_, batch) => `${1_700_000_000_000 + batch * 1_000} ${batch * 300 + 17}`,
    );
    expect(steady.slice(0, last + 1)).toEqual(wanted);
    const samples = [...found.values()].reduce((sum, list) => sum + list.length, 0);
    expect(samples).toBeGreaterThanOrEqual((last + 1) * 300);
  },
  TIMEOUT_MS,
);

/** @returns the last batch whose append had returned */
async function sendUntilKilled(
  args: readonly string[],
  killAt: number,
  meanwhile: (batch: number) => Promise<void>,
): Promise<number> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let last = -1;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    await meanwhile(last);
    if (last >= killAt) child.kill('SIGKILL');
  }
  const [, signal] = await exited;
  expect(signal).toBe('SIGKILL');
  return last;
}
