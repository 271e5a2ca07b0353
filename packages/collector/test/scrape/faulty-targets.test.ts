/** One bad target is no reason to miss another. */
import { writeFile } from 'node:fs/promises';
import type * as http from 'node:http';
import * as https from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DEFAULT_HTTP_CLIENT, DEFAULT_TLS } from '@vigie/core/config/http-client-config';
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import type { ScrapeConfig } from '../../src/config/collector-config.ts';
import { AppendRows } from '../../src/scrape/append-rows.ts';
import { MetadataPool } from '../../src/scrape/metadata-pool.ts';
import { ScrapePool } from '../../src/scrape/scrape-pool.ts';
import { Authority } from '../metrics-api/authority.ts';
import { serve, text } from '../server.ts';
import { settledIo } from '../settled-io.ts';
import { tempFolder } from '../temp-folder.ts';
import { scrapeConfig } from './configs.ts';
import { type RecordingStore, recordingStore } from './recorded.ts';

const START_MS = 1_700_000_000_000;
const MIB = 1024 ** 2;

let clock: FakeClock;
let store: RecordingStore;
beforeEach(() => {
  clock = new FakeClock(START_MS);
  store = recordingStore(START_MS, () => clock.nowMs());
});

/** @param addresses of its targets */
function pool(config: Partial<ScrapeConfig>, addresses: readonly string[]): ScrapePool {
  const shutdown = new AbortController();
  const made = new ScrapePool(scrapeConfig({ timeoutMs: 5_000, ...config }), {
    samples: { store, rows: new AppendRows(), metadata: new MetadataPool() },
    http: { clock, env: {}, userAgent: 'vigie/1.2.3' },
    observer: { startDelay: () => undefined, duration: () => undefined },
    tracing: undefined,
    clock,
    log: createLog('error'),
    seed: 0n,
    isEager: false,
    pageOf: () => undefined,
    shutdown: shutdown.signal,
  });
  onTestFinished(async () => {
    shutdown.abort(new Error('the end'));
    await made.close();
  });
  const targets = addresses.map((address) => ({ __address__: address }));
  made.update(new Map([['0', { source: '0', labels: {}, targets }]]));
  return made;
}

/** Moves time on until it holds, never past what is on its way: answers come over the network. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) {
    await clock.advance(100);
    await settledIo();
  }
}

function errorOf(of: ScrapePool, address: string): string | undefined {
  return of.targets.find(({ url }) => url.includes(address))?.lastScrape?.error;
}

it('scrapes a good target beside those that hang, dribble, never end, explode, or say what nobody reads', async () => {
  let sent = 0;
  const endless: http.RequestListener = (_incoming, outgoing) => {
    const chunk = Buffer.alloc(MIB, '# x\n');
    const push = (): void => {
      while (!outgoing.destroyed && sent < 1024 && outgoing.write(chunk)) sent++;
    };
    outgoing.writeHead(200, { 'content-type': 'text/plain' }).on('drain', push);
    push();
  };
  const dribble: http.RequestListener = (_incoming, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/plain' });
    const timer = setInterval(() => outgoing.write('reads 1\n'), 5);
    outgoing.on('close', () => clearInterval(timer));
  };
  const exploding = Array.from({ length: 5_000 }, (_, id) => `reads{id="${id}"} 1\n`).join('');
  const [good, hanging, dribbling, large, strange, explosion] = await Promise.all([
    serve(text(() => 'reads 1\n')),
    serve(() => undefined),
    serve(dribble),
    serve(endless),
    serve(text(() => '<html></html>', 'text/html')),
    serve(text(() => exploding)),
  ]);
  const all = [good, hanging, dribbling, large, strange, explosion];
  const limits = { ...scrapeConfig().limits, bodyBytes: 4 * MIB, samples: 1_000 };
  const made = pool(
    { limits },
    all.map(({ address }) => address),
  );
  await until(() => all.every(({ requests }) => requests.length >= 3));
  await until(() => made.targets.every(({ lastScrape }) => lastScrape !== undefined));
  expect(errorOf(made, good.address)).toBeUndefined();
  expect(errorOf(made, hanging.address)).toContain('context deadline exceeded');
  expect(errorOf(made, dribbling.address)).toContain('context deadline exceeded');
  expect(errorOf(made, large.address)).toBe('body size limit exceeded');
  expect(errorOf(made, strange.address)).toContain('text/html');
  expect(errorOf(made, explosion.address)).toBe('sample limit exceeded');
  expect(sent).toBeLessThan(512);
  const recorded = await store.recorded('reads');
  expect(Object.keys(recorded)).toEqual([JSON.stringify({ instance: good.address, job: 'shop' })]);
  expect(Object.values(await store.recorded('up')).filter((samples) => samples.endsWith('=1'))).toHaveLength(1);
});

it('scrapes on when the authority of a target has been renewed, without a restart', async () => {
  const folder = await tempFolder();
  const caFile = join(folder, 'ca.crt');
  const [old, renewed] = [await Authority.create('old'), await Authority.create('renewed')];
  const server = https.createServer(
    await old.issue({ subject: 'CN=localhost', use: 'server' }),
    text(() => 'reads 1\n'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  await writeFile(caFile, old.cert);
  const client = { ...DEFAULT_HTTP_CLIENT, tls: { ...DEFAULT_TLS, caFile, serverName: 'localhost' } };
  const made = pool({ scheme: 'https', client }, [address]);
  const health = (): string | undefined => made.targets[0]?.health;
  await until(() => health() === 'up');
  server.setSecureContext(await renewed.issue({ subject: 'CN=localhost', use: 'server' }));
  server.closeAllConnections();
  await until(() => health() === 'down');
  expect(errorOf(made, address)).toMatch(/certificate/);
  await writeFile(caFile, renewed.cert);
  await until(() => health() === 'up');
});
