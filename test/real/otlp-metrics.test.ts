/** OpenTelemetry's metrics, sent to a real Prometheus and to our receiver: both have the same series and samples. */
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@vigie/core/clock';
import { HttpListener } from '@vigie/core/http-server/listener';
import { createLog } from '@vigie/core/log';
import { type Random, seededRandom } from '@vigie/core/random';
import { prometheusApi } from '@vigie/promql/api/prometheus-api';
import { QueryCounts } from '@vigie/promql/api/query-counts';
import { Engine } from '@vigie/promql/evaluate/engine';
import { embeddedEngine } from '@vigie/promql/evaluate/query-engine';
import { Tsdb } from '@vigie/tsdb/tsdb';
import fastify from 'fastify';
import { describe, expect, onTestFinished, test } from 'vitest';
import { loadCollectorConfig } from '../../packages/collector/src/config/load-config.ts';
import { MetricsReceiver } from '../../packages/collector/src/otlp/metrics-receiver.ts';
import { ExportMetricsServiceRequest } from '../../packages/wire/test/otlp/official.ts';
import { inForm } from './form.ts';
import { removeFolder, temporaryFolder } from './leash.ts';
import { startPrometheus } from './parts/prometheus.ts';
import { fixedSeed } from './seeded.ts';

const ROUNDS = inForm(40, 400);
const NAMES = ['http.server.duration', 'a', 'requests_total', '3xx', 'jvm.memory.used', 'ratio', 'total.x', 'é.b'];
const UNITS = ['', '1', 's', 'ms', 'By', 'By/s', '{thing}', '%', '1/m', 'custom unit', 'm/{x}', '/'];
const KEYS = [
  'http.route',
  'http_route',
  '_private',
  '__x__',
  '9lives',
  'k',
  'le',
  'job',
  'label__x',
  'instance',
  'émile',
];
const RESOURCE_KEYS = ['service.name', 'service.namespace', 'service.instance.id', 'host.name', 'k8s.pod.name'];

const DELTA = 1;
const CUMULATIVE = 2;

type Json = Readonly<Record<string, unknown>>;

function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)]!;
}

function whole(random: Random, below: number): number {
  return Math.floor(random() * below);
}

function attributeValue(random: Random): Json {
  return pick<Json>(random, [
    { stringValue: `v${whole(random, 3)}` },
    { stringValue: '' },
    { intValue: String(whole(random, 100)) },
    { doubleValue: random() * 1e-7 },
    { doubleValue: 1e21 },
    { boolValue: true },
    { arrayValue: { values: [{ stringValue: '<x>' }, { intValue: '3' }, { doubleValue: 0.5 }] } },
    {
      kvlistValue: {
        values: [
          { key: 'z', value: { boolValue: false } },
          { key: 'a', value: { stringValue: '&' } },
        ],
      },
    },
    { bytesValue: Buffer.from('bytes').toString('base64') },
  ]);
}

function attributesOf(random: Random, keys: readonly string[], count: number): readonly Json[] {
  const chosen = new Set(Array.from({ length: count }, () => pick(random, keys)));
  return [...chosen].map((key) => ({ key, value: attributeValue(random) }));
}

function countsOf(random: Random, length: number): readonly string[] {
  return Array.from({ length }, () => String(random() < 0.4 ? 0 : whole(random, 20)));
}

function sumOf(counts: readonly string[]): number {
  return counts.reduce((sum, count) => sum + Number(count), 0);
}

/** What stays as it is from request to request: deltas of one stream add up. */
interface Shape {
  readonly seed: number;
  readonly aggregationTemporality: number;
}

/** Points of one metric at one time, with attributes of their own each.
 *  @param shape of what stays, @param random of values */
function metricOf(shape: Random, random: Random, times: Json, aggregationTemporality: number): Json {
  const isDelta = aggregationTemporality === DELTA;
  const count = 1 + whole(shape, 2);
  const attributes = Array.from({ length: count }, (_, at) => [
    ...attributesOf(shape, KEYS, whole(shape, 4)),
    { key: 'point', value: { intValue: String(at) } },
  ]);
  const points = (make: () => Json): readonly Json[] =>
    attributes.map((own) => {
      // The processor that Prometheus has takes a delta without a value for one of 0.
      const flags = !isDelta && random() < 0.05 ? 1 : 0;
      return { ...times, flags, attributes: own, ...make() };
    });
  const isMonotonic = shape() < 0.7;
  switch (whole(shape, 5)) {
    case 0:
      return { gauge: { dataPoints: points(() => ({ asDouble: random() * 100 })) } };
    case 1: {
      const dataPoints = points(() => ({ asInt: String(whole(random, 1e9)) }));
      return { sum: { dataPoints, aggregationTemporality, isMonotonic } };
    }
    case 2: {
      const dataPoints = points(() => {
        const bucketCounts = countsOf(random, 4);
        const exemplar = { timeUnixNano: times.timeUnixNano, asDouble: random() * 3, traceId: 'ab'.repeat(16) };
        const total = String(sumOf(bucketCounts));
        // It repeats the exemplars of the first delta.
        const exemplars = isDelta ? [] : [exemplar];
        return { count: total, sum: random(), bucketCounts, explicitBounds: [0.005, 1, 2.5], exemplars };
      });
      return { histogram: { dataPoints, aggregationTemporality } };
    }
    case 3: {
      const dataPoints = points(() => {
        const positive = { offset: whole(random, 40) - 20, bucketCounts: countsOf(random, 1 + whole(random, 12)) };
        const negative = { offset: whole(random, 4) - 2, bucketCounts: countsOf(random, whole(random, 3)) };
        const total = String(sumOf(positive.bucketCounts) + sumOf(negative.bucketCounts) + 2);
        // Of finer scales than 8, Prometheus puts counts into a bucket beside theirs where empty ones are before them.
        return { count: total, sum: random(), scale: whole(random, 12) - 3, zeroCount: '2', positive, negative };
      });
      return { exponentialHistogram: { dataPoints, aggregationTemporality } };
    }
    default: {
      const quantileValues = [0, 0.5, 0.999].map((quantile) => ({ quantile, value: random() }));
      return { summary: { dataPoints: points(() => ({ count: '9', sum: random(), quantileValues })) } };
    }
  }
}

function requestOf({ seed, aggregationTemporality }: Shape, random: Random, times: Json): Json {
  const shape = seededRandom(seed);
  // One that no other shape has: two resources with one identity would be two samples at one time.
  const own = { key: 'shape', value: { intValue: String(seed) } };
  const resource = { attributes: [...attributesOf(shape, RESOURCE_KEYS, whole(shape, 6)), own] };
  const scope = { name: 'scope', version: '1', attributes: attributesOf(shape, ['k.x'], 1) };
  const metrics = Array.from({ length: 3 }, (_, at) => ({
    name: `${pick(shape, NAMES)}.m${seed}x${at}`,
    unit: pick(shape, UNITS),
    description: 'd',
    ...metricOf(shape, random, times, aggregationTemporality),
  }));
  const schemaUrl = 'https://example.org/schema';
  return { resourceMetrics: [{ resource, scopeMetrics: [{ scope, schemaUrl, metrics }] }] };
}

/** As the official encoder writes it: ids are hexadecimal in JSON alone. */
function protobufOf(request: Json): Buffer {
  const withIds = JSON.parse(JSON.stringify(request), (key, value) =>
    key === 'traceId' ? Buffer.from(value, 'hex').toString('base64') : value,
  );
  return Buffer.from(ExportMetricsServiceRequest.encode(ExportMetricsServiceRequest.fromObject(withIds)).finish());
}

interface OurServer {
  readonly otlp: string;
  readonly api: string;
}

/** Our receiver, and Prometheus' API over what it has. */
async function startOurs(home: string, otlp: Json): Promise<OurServer> {
  const file = join(home, 'collector.yaml');
  await fs.writeFile(file, JSON.stringify({ otlp }));
  const { config } = await loadCollectorConfig(file, {});
  const log = createLog('error');
  const failed = (_operation: string, error: unknown): void => {
    throw error;
  };
  const tsdb = new Tsdb(
    { folder: join(home, 'ours'), head: { outOfOrderWindowMs: 86_400_000 } },
    { fs, clock: systemClock, reports: { failed } },
  );
  await tsdb.start();
  const receiver = new MetricsReceiver(config.otlp, { tsdb, clock: systemClock, log });
  const listener = new HttpListener(
    { name: 'otlp', address: { host: '127.0.0.1', port: 0 }, auth: { type: 'none' } },
    [receiver.route('/v1/metrics')],
    { clock: systemClock, log, print: () => undefined },
  );
  await listener.start();
  const app = fastify();
  await app.register(prometheusApi, {
    source: { kind: 'embedded', engine: embeddedEngine(new Engine(), tsdb.querier), querier: tsdb.querier },
    clock: systemClock,
    log,
    counts: new QueryCounts(() => undefined),
  });
  const api = await app.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(async () => {
    await listener.close({ graceMs: 0 });
    await app.close();
    await tsdb.close();
  });
  return { otlp: `http://127.0.0.1:${listener.address.port}/v1/metrics`, api };
}

async function push(url: string, body: Buffer): Promise<{ readonly status: number; readonly text: string }> {
  const headers = { 'content-type': 'application/x-protobuf' };
  const answer = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body) });
  return { status: answer.status, text: await answer.text() };
}

async function samplesOf(url: string, endMs: number): Promise<readonly string[]> {
  const query = new URLSearchParams({ query: '{__name__!=""}[2h]', time: String(endMs / 1000) });
  const answer = await fetch(`${url}/api/v1/query?${query}`);
  const body: unknown = await answer.json();
  const result: unknown = Reflect.get(Object(Reflect.get(Object(body), 'data')), 'result');
  if (!Array.isArray(result)) throw new Error(JSON.stringify(body));
  return result.map((series: unknown) => JSON.stringify(sorted(series))).sort();
}

async function exemplarsOf(url: string, endMs: number): Promise<readonly string[]> {
  const times = { start: String((endMs - 7_200_000) / 1000), end: String(endMs / 1000) };
  const answer = await fetch(
    `${url}/api/v1/query_exemplars?${new URLSearchParams({ query: '{__name__!=""}', ...times })}`,
  );
  const body: unknown = await answer.json();
  const data: unknown = Reflect.get(Object(body), 'data');
  if (!Array.isArray(data)) throw new Error(JSON.stringify(body));
  return data.map((series: unknown) => JSON.stringify(sorted(series))).sort();
}

/** Some of what one has and the other has not. */
function differenceOf(ours: readonly string[], theirs: readonly string[]): readonly string[] {
  const only = (some: readonly string[], others: readonly string[]): readonly string[] => {
    const known = new Set(others);
    return some.filter((one) => !known.has(one)).slice(0, 5);
  };
  return [...only(ours, theirs).map((one) => `ours: ${one}`), ...only(theirs, ours).map((one) => `theirs: ${one}`)];
}

/** With members in the order of their names. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
}

const CONFIGS: readonly (readonly [string, Json])[] = [
  ['by default', {}],
  [
    'with labels of resource and scope, and native histograms',
    {
      promote_resource_attributes: ['host.name', 'k8s.pod.name'],
      promote_scope_metadata: true,
      convert_histograms_to_nhcb: true,
      keep_identifying_resource_attributes: true,
      label_name_preserve_multiple_underscores: false,
      label_name_underscore_sanitization: false,
    },
  ],
  ['without translation', { translation_strategy: 'NoTranslation', promote_all_resource_attributes: true }],
  ['without suffixes', { translation_strategy: 'UnderscoreEscapingWithoutSuffixes' }],
  ['without escaping', { translation_strategy: 'NoUTF8EscapingWithSuffixes' }],
];

describe('metrics of OpenTelemetry', () => {
  test.each(CONFIGS)('are in Prometheus as here, %s', async (_what, otlp) => {
    const random = seededRandom(fixedSeed());
    const home = temporaryFolder('otlp-metrics');
    onTestFinished(() => removeFolder(home));
    const prometheus = await startPrometheus({
      config: { otlp },
      flags: ['--web.enable-otlp-receiver', '--enable-feature=otlp-deltatocumulative,exemplar-storage'],
    });
    onTestFinished(() => prometheus.stop());
    const ours = await startOurs(home, otlp);
    const startMs = Date.now() - 3_600_000;
    for (let round = 0; round < ROUNDS; round++) {
      const seed = 1 + whole(random, ROUNDS / 4);
      const shape = { seed, aggregationTemporality: seed % 3 === 0 ? DELTA : CUMULATIVE };
      const request = requestOf(shape, random, {
        startTimeUnixNano: `${startMs + round * 1000}123456`,
        timeUnixNano: `${startMs + round * 1000 + 500}999999`,
      });
      const body = protobufOf(request);
      const theirs = await push(`${prometheus.url}/api/v1/otlp/v1/metrics`, body);
      const mine = await push(ours.otlp, body);
      if (theirs.status !== 200)
        throw new Error(`refused: ${theirs.text}\nhere: ${mine.text}\n${JSON.stringify(request)}`);
      expect(mine).toEqual({ status: 200, text: '' });
    }
    const endMs = startMs + 3_600_000;
    const theirs = await samplesOf(prometheus.url, endMs);
    expect(theirs.length).toBeGreaterThan(ROUNDS);
    expect(differenceOf(await samplesOf(ours.api, endMs), theirs)).toEqual([]);
    const exemplars = await exemplarsOf(prometheus.url, endMs);
    expect(exemplars.length).toBeGreaterThan(0);
    expect(differenceOf(await exemplarsOf(ours.api, endMs), exemplars)).toEqual([]);
  });
});
