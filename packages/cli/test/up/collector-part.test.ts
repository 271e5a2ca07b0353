import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { encodeWriteRequest } from '@vigie/wire/remote-write/encode-write-request';
import { CONTENT_TYPES } from '@vigie/wire/remote-write/protocol';
import { compress } from '@vigie/wire/snappy';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { CollectorPart, type CollectorPartSettings, readCollectorPart } from '../../src/up/collector-part.ts';

const never = new AbortController().signal;
const EXPOSITION = '# TYPE reads counter\nreads 5\n';

let folder: string;
let logged: Record<string, unknown>[];
let clock: FakeClock;
let settings: CollectorPartSettings;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'vigie-metrics-')), 'data', 'metrics');
  logged = [];
  clock = new FakeClock();
  settings = await readCollectorPart(undefined, {}, folder);
});
afterEach(() => rm(join(folder, '../..'), { recursive: true }));

/** Closed with the test. */
function create(): CollectorPart {
  const log = createLog('info', { write: (line) => logged.push(JSON.parse(line)) });
  const part = new CollectorPart(settings, [], {
    ...{ clock, log, random: () => 0.5, env: {}, version: '1.2.3', print: () => undefined },
    ...{ hostName: 'node-1', tracing: undefined, address: () => ({ host: '127.0.0.1', port: 7070 }) },
  });
  onTestFinished(() => part.close());
  return part;
}

/** A port before the part. */
async function listen({ mounts: [mount] }: CollectorPart): Promise<string> {
  const server = http.createServer(mount?.serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/prometheus`;
}

/** Records what a program tells. @returns where that listens */
async function record(part: CollectorPart): Promise<string> {
  const server = http.createServer((_incoming, outgoing) =>
    outgoing.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(EXPOSITION),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  let isRecorded = false;
  const recording = part.record({ host: '127.0.0.1', port }).then(() => {
    isRecorded = true;
  });
  // Time stands still: what takes real time, such as a write to disk, would else let further scrapes fall due.
  while (!isRecorded) await clock.advance(0);
  await recording;
  return `127.0.0.1:${port}`;
}

async function recorded(): Promise<void> {
  const part = create();
  await part.start(never);
  await record(part);
  await part.close();
}

const json = async (url: string): Promise<unknown> => (await fetch(url)).json();

describe('CollectorPart', () => {
  it('does not start in the folder of another process, and says whose it is', async () => {
    await create().start(never);
    await expect(create().start(never)).rejects.toMatchObject({
      message: `cannot keep metrics in ${folder}`,
      cause: {
        message: expect.stringMatching(/ is in use by process \d+ of .+: stop that one, or start this one with/),
      },
    });
  });

  it('answers 503 until it has read what was recorded, then queries', async () => {
    const part = create();
    const url = await listen(part);
    expect((await fetch(`${url}/api/v1/query?query=1`)).status).toBe(503);
    expect(part.ready()).toEqual([{ name: 'metrics', problem: 'they are starting' }]);
    await part.start(never);
    const instance = await record(part);
    expect(part.ready()).toEqual([{ name: 'metrics' }]);
    const time = clock.nowMs() / 1000;
    expect(await json(`${url}/api/v1/query?query=reads&time=${time}`)).toMatchObject({
      status: 'success',
      data: { result: [{ metric: { __name__: 'reads', instance, job: 'vigie' }, value: [time, '5'] }] },
    });
    expect((await part.expose()).body).toMatch(/^vigie_queries_total\{kind="instant",outcome="success"\} 1$/m);
  });

  it('has everything of a Prometheus that Grafana and other Prometheus ask for', async () => {
    const part = create();
    const url = await listen(part);
    await part.start(never);
    await record(part);
    expect(await json(`${url}/api/v1/status/buildinfo`)).toMatchObject({
      data: { version: expect.stringMatching(/^3\.\d+\.\d+$/), revision: 'vigie 1.2.3' },
    });
    expect(await json(`${url}/api/v1/status/tsdb`)).toMatchObject({ data: { headStats: { numSeries: 6 } } });
    expect(await json(`${url}/api/v1/metadata?metric=reads`)).toMatchObject({ data: { reads: [{ type: 'counter' }] } });
    const federated = await fetch(`${url}/federate?match[]=reads`);
    expect(await federated.text()).toMatch(/^reads\{.*\} 5 /m);
    const statuses = ['/-/ready', '/-/healthy', '/nothing'].map(async (path) => (await fetch(url + path)).status);
    expect(await Promise.all(statuses)).toEqual([200, 200, 404]);
  });

  it('records at once, and again soon: a rate needs two samples', async () => {
    const part = create();
    const url = await listen(part);
    await part.start(never);
    await record(part);
    const query = new URLSearchParams({ query: 'count_over_time(up{job="vigie"}[1m])' });
    const count = async (): Promise<unknown> => json(`${url}/api/v1/query?${query}&time=${clock.nowMs() / 1000}`);
    await clock.advance(2_500);
    while (!JSON.stringify(await count()).includes('"2"')) await clock.advance(0);
    part.stop();
    await clock.advance(60_000);
    expect(
      JSON.stringify(await json(`${url}/api/v1/query?query=count_over_time(up[2m])&time=${clock.nowMs() / 1000}`)),
    ).toContain('"2"');
  });

  it('takes what others write', async () => {
    const part = create();
    const url = await listen(part);
    await part.start(never);
    const labels = ['__name__', 'written', 'job', 'other'];
    const series = { labels, values: Float64Array.of(7), timestampsMs: Float64Array.of(clock.nowMs()) };
    const written = await fetch(`${url}/api/v1/write`, {
      method: 'POST',
      headers: { 'content-type': CONTENT_TYPES['1.0'], 'content-encoding': 'snappy' },
      body: new Uint8Array(compress(encodeWriteRequest('1.0', [series]))),
    });
    expect(written.status).toBe(204);
    expect(await json(`${url}/api/v1/query?query=written&time=${clock.nowMs() / 1000}`)).toMatchObject({
      data: { result: [{ metric: { job: 'other' }, value: [expect.any(Number), '7'] }] },
    });
    expect((await part.expose()).body).toMatch(
      /^vigie_tsdb_remote_write_requests_total\{protocol="1.0",result="written"\} 1$/m,
    );
  });

  it('keeps its files from other users', async () => {
    await recorded();
    expect(((await stat(folder)).mode & 0o777).toString(8)).toBe('700');
    for (const name of await readdir(folder)) {
      expect(((await stat(join(folder, name))).mode & 0o777).toString(8)).toBe('600');
    }
  });

  it('knows after a restart what was recorded before', async () => {
    await recorded();
    const part = create();
    const url = await listen(part);
    await part.start(never);
    expect(await json(`${url}/api/v1/query?query=reads&time=${clock.nowMs() / 1000}`)).toMatchObject({
      data: { result: [{ value: [expect.any(Number), '5'] }] },
    });
    expect(logged).toEqual([]);
  });

  it('says what damaged files cost, and goes on without', async () => {
    await recorded();
    const [segment = ''] = (await readdir(folder)).filter((name) => name.endsWith('.wal'));
    const bytes = await readFile(join(folder, segment));
    bytes.fill(0xff, bytes.length >> 1, (bytes.length >> 1) + 8);
    await writeFile(join(folder, segment), bytes);
    const part = create();
    await part.start(never);
    expect(logged).toMatchObject([
      { level: 'warn', message: expect.stringContaining('damaged'), folder, file: segment, bytes: expect.any(Number) },
    ]);
  });

  it('does not start on files of a later version, and leaves them as they are', async () => {
    await recorded();
    const [segment = ''] = (await readdir(folder)).filter((name) => name.endsWith('.wal'));
    const bytes = await readFile(join(folder, segment));
    const newer = withVersion(bytes, 9);
    await writeFile(join(folder, segment), newer);
    const part = create();
    await expect(part.start(never)).rejects.toMatchObject({
      code: 'METRICS_DATA',
      message: `cannot keep metrics in ${folder}`,
      cause: expect.objectContaining({ code: 'TSDB_VERSION' }),
    });
    expect(await readFile(join(folder, segment))).toEqual(newer);
  });

  it('does not start where it cannot keep anything', async () => {
    await mkdir(dirname(folder), { recursive: true });
    await writeFile(folder, 'a file in its place');
    await expect(create().start(never)).rejects.toMatchObject({
      code: 'METRICS_DATA',
      cause: expect.objectContaining({ code: 'EEXIST' }),
    });
  });

  it.skipIf(process.getuid?.() === 0)('does not start in a folder that it may not write', async () => {
    await recorded();
    await chmod(folder, 0o500);
    onTestFinished(() => chmod(folder, 0o700));
    await expect(create().start(never)).rejects.toMatchObject({
      code: 'METRICS_DATA',
      cause: expect.objectContaining({ code: 'EACCES' }),
    });
  });
});

/** A file's head with another version. */
function withVersion(bytes: Buffer, version: number): Buffer {
  const changed = Buffer.from(bytes);
  changed.writeUInt32LE(version, 8);
  changed.writeUInt32LE(crc32(changed.subarray(0, 12)), 12);
  return changed;
}
