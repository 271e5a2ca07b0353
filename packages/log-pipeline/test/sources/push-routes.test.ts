import { gzipSync } from 'node:zlib';
import { systemClock } from '@vigie/core/clock';
import { HttpListener } from '@vigie/core/http-server/listener';
import { createLog } from '@vigie/core/log';
import { encodePushRequest, parsePushRequest } from '@vigie/wire/loki/push';
import { parseLogsRequest } from '@vigie/wire/otlp/json';
import { encodeLogsRequest } from '@vigie/wire/otlp/logs';
import { compress } from '@vigie/wire/snappy';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { PushedGroup } from '../../src/lane/push-lane.ts';
import { Intake, type Outlet } from '../../src/sources/intake.ts';
import { LokiRecords } from '../../src/sources/loki-records.ts';
import { OtlpRecords } from '../../src/sources/otlp-records.ts';
import { lokiRoute, otlpRoute } from '../../src/sources/push-routes.ts';

const log = createLog('error', { write: () => undefined });
const OPTIONS = { maxBodyBytes: 4096 };

const OTLP = JSON.stringify({
  resourceLogs: [
    {
      resource: { attributes: [{ key: 'k8s.pod.name', value: { stringValue: 'web-0' } }] },
      scopeLogs: [
        { logRecords: [{ timeUnixNano: '1763726400000000001', severityNumber: 17, body: { stringValue: 'no' } }] },
      ],
    },
  ],
});
const LOKI = JSON.stringify({
  streams: [{ stream: { pod: 'web-0', level: 'error', app: 'shop' }, values: [['1763726400000000001', 'no']] }],
});

const place = { nodeName: 'n1' };

interface Bed {
  readonly groups: PushedGroup[];
  readonly counts: Record<string, number>;
  readonly post: (path: string, body: string | Buffer, headers?: Record<string, string>) => Promise<Response>;
}

async function startBed(push: () => Promise<boolean> = () => Promise.resolve(true), timeoutMs = 10_000): Promise<Bed> {
  const groups: PushedGroup[] = [];
  const counts: Record<string, number> = {};
  const outlet: Outlet = {
    push: (pushed) => {
      groups.push(...pushed);
      return push();
    },
  };
  const intake = new Intake({ maxPendingBytes: 1, timeoutMs }, systemClock);
  intake.connect([outlet]);
  const deps = {
    intake,
    clock: systemClock,
    count: (outcome: string, records: number) => {
      counts[outcome] = (counts[outcome] ?? 0) + records;
    },
  };
  let url = '';
  const listener = new HttpListener(
    { name: 'otlp', address: { host: '127.0.0.1', port: 0 }, auth: { type: 'none' } },
    [
      otlpRoute(new OtlpRecords(() => place, []), OPTIONS, deps),
      lokiRoute(new LokiRecords(() => place), OPTIONS, deps),
    ],
    {
      clock: systemClock,
      log,
      print: (line) => {
        url = /http:\S+/.exec(line)?.[0] ?? '';
      },
    },
  );
  await listener.start();
  onTestFinished(() => listener.close({ graceMs: 0 }));
  const post: Bed['post'] = (path, body, headers = {}) =>
    fetch(new URL(path, url), { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
  return { groups, counts, post };
}

const ROUTES = [
  ['/v1/logs', OTLP, 200],
  ['/loki/api/v1/push', LOKI, 204],
] as const;

describe.each(ROUTES)('POST %s', (path, body, success) => {
  test.each([
    ['plain', body, {}],
    ['gzip', gzipSync(body), { 'content-encoding': 'gzip' }],
  ])('takes %s JSON, and answers when the sinks have it', async (_form, sent, headers) => {
    const { groups, counts, post } = await startBed();
    const response = await post(path, sent, headers);
    expect(response.status).toBe(success);
    expect(groups).toHaveLength(1);
    expect(groups[0]?.facts).toMatchObject({ podName: 'web-0' });
    const [record] = groups[0]?.records ?? [];
    expect(record).toMatchObject({ time: '2025-11-21T12:00:00.000000001Z', severity: 17 });
    expect(Buffer.from(record?.message ?? []).toString()).toBe('no');
    expect(counts).toEqual({ accepted: 1 });
  });

  test.each([
    ['what is no JSON', '{', {}, 400],
    ['what is no gzip', body, { 'content-encoding': 'gzip' }, 400],
    ['an unknown coding', body, { 'content-encoding': 'br' }, 415],
    ['a body that is too large', ' '.repeat(5000), {}, 413],
    ['a body that is too large once decompressed', gzipSync(' '.repeat(100_000)), { 'content-encoding': 'gzip' }, 413],
  ])('refuses %s', async (_what, sent, headers, status) => {
    const { groups, post } = await startBed();
    const response = await post(path, sent, headers);
    expect(response.status).toBe(status);
    expect(await response.text()).not.toBe('');
    expect(groups).toEqual([]);
  });

  test('asks to come again while as many wait as may', async () => {
    let settle: (taken: boolean) => void = () => undefined;
    const { groups, counts, post } = await startBed(() => new Promise((resolve) => (settle = resolve)));
    const first = post(path, body);
    while (groups.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const second = await post(path, body);
    expect([second.status, second.headers.get('retry-after')]).toEqual([429, '1']);
    settle(true);
    expect((await first).status).toBe(success);
    expect(counts).toEqual({ accepted: 1, full: 1 });
  });

  test.each([
    ['late', () => new Promise<boolean>(() => undefined), 100],
    ['ended', () => Promise.resolve(false), 10_000],
  ])('asks to come again when the sinks are %s', async (outcome, push, timeoutMs) => {
    const { counts, post } = await startBed(push, timeoutMs);
    const response = await post(path, body);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(counts).toEqual({ [outcome]: 1 });
  });
});

test('Loki: a label is kept whatever JavaScript has of its name', async () => {
  const { groups, post } = await startBed();
  const stream = '{"pod":"web-0","constructor":"a","__proto__":"b","toString":"c"}';
  await post('/loki/api/v1/push', `{"streams":[{"stream":${stream},"values":[["1","x"]]}]}`);
  expect(groups[0]?.records[0]?.members).toBe('"labels":{"constructor":"a","__proto__":"b","toString":"c"}');
});

test('OTLP: the answer and a refusal are in the form that was asked in', async () => {
  const { post } = await startBed();
  expect(await (await post('/v1/logs', OTLP)).json()).toEqual({});
  expect(await (await post('/v1/logs', '{')).json()).toEqual({ code: 3, message: expect.any(String) });
  const binary = await post('/v1/logs', Buffer.from([0xff]), { 'content-type': 'application/x-protobuf' });
  expect([binary.status, binary.headers.get('content-type')]).toEqual([400, 'application/x-protobuf']);
  expect((await post('/v1/logs', 'x', { 'content-type': 'text/plain' })).status).toBe(415);
  const empty = await post('/v1/logs', Buffer.alloc(0), { 'content-type': 'application/x-protobuf' });
  expect([empty.status, (await empty.arrayBuffer()).byteLength]).toEqual([200, 0]);
});

test.each([
  ['/v1/logs', encodeLogsRequest(parseLogsRequest(OTLP))],
  ['/loki/api/v1/push', compress(encodePushRequest(parsePushRequest(LOKI)))],
])('POST %s takes Protocol Buffers', async (path, body) => {
  const { groups, post } = await startBed();
  const response = await post(path, body, { 'content-type': 'application/x-protobuf' });
  expect(response.ok).toBe(true);
  expect(groups[0]?.facts).toMatchObject({ podName: 'web-0' });
  expect(groups[0]?.records[0]).toMatchObject({ time: '2025-11-21T12:00:00.000000001Z', severity: 17 });
});
