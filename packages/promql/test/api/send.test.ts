import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createGunzip, createInflate, gunzipSync } from 'node:zlib';
import { systemClock } from '@vigie/core/clock';
import { afterEach, describe, expect, it } from 'vitest';
import { codingOf } from '../../src/api/send.ts';
import type { QueryEngine } from '../../src/evaluate/query-engine.ts';
import type { RangeSeries } from '../../src/evaluate/result.ts';
import { LabelSet } from '../../src/labels/label-set.ts';
import { type ApiBed, apiOver, prometheusTestStorage, querierOf } from './api-bed.ts';

const open = new Set<ApiBed>();
afterEach(async () => {
  for (const { app } of open) await app.close();
  open.clear();
});

/** Listens on a free port. */
async function listening(bed: ApiBed): Promise<{ readonly port: number }> {
  open.add(bed);
  await bed.app.listen({ port: 0, host: '127.0.0.1' });
  const address: AddressInfo | string | null = bed.app.server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port };
}

function request(port: number, path: string, headers: http.OutgoingHttpHeaders = {}): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    http.get({ port, host: '127.0.0.1', path: `/api/v1${path}`, headers, agent: false }, resolve).on('error', reject);
  });
}

function seriesOf(count: number, steps: number): readonly RangeSeries[] {
  return Array.from({ length: count }, (_, index) => ({
    labels: LabelSet.of({ __name__: 'm', pod: `pod-${index}` }),
    timestampsMs: Float64Array.from({ length: steps }, (_value, step) => 1_700_000_000_000 + step * 15_000),
    values: Float64Array.from({ length: steps }, (_value, step) => Math.sqrt(index + step)),
    histograms: undefined,
  }));
}

function answering(series: readonly RangeSeries[]): QueryEngine {
  return {
    instant: () => Promise.reject(new Error('not asked')),
    range: async () => ({ result: series, warnings: [], infos: [], usage: undefined }),
  };
}

const RANGE = '/query_range?query=m&start=1700000000&end=1700001785&step=15';

async function apiAnswering(series: readonly RangeSeries[]): Promise<ApiBed> {
  const querier = querierOf({});
  return apiOver(querier, { source: { kind: 'embedded', engine: answering(series), querier }, clock: systemClock });
}

describe('the coding', () => {
  it.each([
    [undefined, undefined],
    ['', undefined],
    ['gzip', 'gzip'],
    ['br, gzip, deflate', 'gzip'],
    ['deflate, gzip', 'deflate'],
    ['gzip;q=0', undefined],
    ['identity', undefined],
  ])('of Accept-Encoding %j is %s', (header, coding) => {
    expect(codingOf(header)).toBe(coding);
  });

  it.each([
    ['gzip', createGunzip],
    ['deflate', createInflate],
  ])('%s holds the same answer, small or large', async (coding, decoder) => {
    for (const [bed, path] of [
      [await apiOver(prometheusTestStorage()), '/query?query=test_metric4&time=60'],
      [await apiAnswering(seriesOf(300, 120)), RANGE],
    ] as const) {
      const { port } = await listening(bed);
      const plain = await text(await request(port, path));
      const coded = await request(port, path, { 'accept-encoding': coding });
      expect(coded.headers).toMatchObject({ 'content-encoding': coding, 'content-type': 'application/json' });
      expect(await text(coded.pipe(decoder()))).toBe(plain);
      expect(JSON.parse(plain)).toMatchObject({ status: 'success' });
    }
  });

  it('errors are compressed too', async () => {
    const { app } = await apiOver(querierOf({}));
    const { rawPayload, statusCode } = await app.inject({
      url: '/api/v1/query?query=',
      headers: { 'accept-encoding': 'gzip' },
    });
    expect(statusCode).toBe(400);
    expect(JSON.parse(gunzipSync(rawPayload).toString())).toMatchObject({ errorType: 'bad_data' });
  });
});

describe('a large answer', () => {
  it('is whole', async () => {
    const { port } = await listening(await apiAnswering(seriesOf(1000, 120)));
    const response = await request(port, RANGE);
    expect(response.headers['transfer-encoding']).toBe('chunked');
    const answer: unknown = JSON.parse(await text(response));
    expect(answer).toMatchObject({ status: 'success', data: { resultType: 'matrix' } });
    const result: unknown = Reflect.get(Object(Reflect.get(Object(answer), 'data')), 'result');
    expect(result).toHaveLength(1000);
    expect(Reflect.get(Object(result), 999)).toMatchObject({
      metric: { __name__: 'm', pod: 'pod-999' },
      values: expect.arrayContaining([[1_700_001_785, String(Math.sqrt(999 + 119))]]),
    });
  });

  it('lets the event loop run while it is sent, also where everything is taken at once', async () => {
    const turnsWhile = async (stepMs: number): Promise<number> => {
      let nowMs = 0;
      const clock = { ...systemClock, monotonicMs: () => (nowMs += stepMs) };
      const querier = querierOf({});
      const source = { kind: 'embedded', engine: answering(seriesOf(2000, 120)), querier } as const;
      const { app } = await apiOver(querier, { source, clock });
      let turns = 0;
      let turning = setImmediate(function turn() {
        turns += 1;
        turning = setImmediate(turn);
      });
      const { payload } = await app.inject(`/api/v1${RANGE}`);
      clearImmediate(turning);
      expect(payload.length).toBeGreaterThan(5e6);
      return turns;
    };
    // Pieces are of 64 KiB: a pause after each where the clock says that each takes long, none where it says nothing.
    expect(await turnsWhile(11)).toBeGreaterThan(70);
    expect(await turnsWhile(0)).toBeLessThan(20);
  });

  it('waits for a client that does not read, and ends with it', async () => {
    let made = 0;
    const series = seriesOf(20_000, 120);
    const counted = new Proxy(series, {
      get(target, key, receiver) {
        if (typeof key === 'string' && /^\d+$/.test(key)) made = Number(key);
        return Reflect.get(target, key, receiver);
      },
    });
    const bed = await apiAnswering(counted);
    const { port } = await listening(bed);
    const response = await request(port, RANGE);
    await once(response, 'readable');
    // Of 20,000 series of 4 KB, what fits into buffers has been made, however long nobody reads.
    for (let before = -1; before !== made; await new Promise((resolve) => setTimeout(resolve, 50))) before = made;
    expect(made).toBeLessThan(15_000);
    response.destroy();
    await bed.app.close();
  });
});

it('a client that goes away ends its query', async () => {
  let aborted: unknown;
  const asked = new EventTarget();
  const engine: QueryEngine = {
    instant: (_query, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          aborted = signal.reason;
          reject(signal.reason);
          asked.dispatchEvent(new Event('gone'));
        });
        asked.dispatchEvent(new Event('asked'));
      }),
    range: () => Promise.reject(new Error('not asked')),
  };
  const querier = querierOf({});
  const bed = await apiOver(querier, { source: { kind: 'embedded', engine, querier } });
  const { port } = await listening(bed);
  const outgoing = http.get({ port, host: '127.0.0.1', path: '/api/v1/query?query=1', agent: false });
  outgoing.on('error', () => {});
  await once(asked, 'asked');
  const gone = once(asked, 'gone');
  outgoing.destroy();
  await gone;
  expect(aborted).toMatchObject({ message: 'the client has gone' });
  await bed.app.close();
  const outcomes: string[] = [];
  bed.counts.report((key, labels, value) => {
    if (key === 'queries' && value > 0)
      outcomes.push(`${Reflect.get(labels, 'kind')} ${Reflect.get(labels, 'outcome')}`);
  });
  expect(outcomes).toEqual(['instant canceled']);
});
