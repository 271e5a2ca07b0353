/** From one database to the next: a sender writes to the first, and what its /federate answers is scraped into the second. */
import { mkdtempSync, rmSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { seededRandom } from '@vigie/core/random';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { SampleColumns } from '@vigie/promql/storage/sample-columns';
import { federate } from '@vigie/tsdb/api/federate';
import { remoteWriteReceiver } from '@vigie/tsdb/api/remote-write';
import { TsdbApiCounts } from '@vigie/tsdb/api/telemetry';
import { headStatus } from '@vigie/tsdb/head/status';
import { Tsdb } from '@vigie/tsdb/tsdb';
import { ScrapeReader } from '@vigie/wire/exposition/scrape-reader';
import { encodeWriteRequest, type WrittenSeries } from '@vigie/wire/remote-write/encode-write-request';
import { CONTENT_TYPES, type RemoteWriteVersion } from '@vigie/wire/remote-write/protocol';
import { compress } from '@vigie/wire/snappy';
import fastify from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';

type Format = 'text' | 'openmetrics' | 'protobuf';

const ACCEPTS: Readonly<Record<Format, string>> = {
  text: 'text/plain;version=1.0.0',
  openmetrics: 'application/openmetrics-text;version=1.0.0',
  protobuf: 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
};

const clock = new FakeClock();
const folders: string[] = [];
const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

describe('a database that federates from another', () => {
  it.each<readonly [Format, RemoteWriteVersion]>([
    ['text', '1.0'],
    ['openmetrics', '2.0'],
    ['protobuf', '2.0'],
  ])('has its newest samples, by %s, which came by remote write %s', async (format, version) => {
    const first = await served();
    await send(
      first.url,
      version,
      Array.from({ length: 500 }, (_, n) => seriesOf(n)),
    );
    const second = await started();
    await scrapeInto(second, first.url, format);
    expect(newestOf(second)).toEqual(newestOf(first.tsdb));
    const { headStats, seriesCountByMetricName } = headStatus(second.head, 3);
    expect(headStats.numSeries).toBe(500);
    expect(seriesCountByMetricName[0]).toEqual({ name: 'dotted.name', value: 167 });
  });
});

async function started(): Promise<Tsdb> {
  const folder = mkdtempSync(join(tmpdir(), 'vigie-federation-'));
  folders.push(folder);
  const failed = (_operation: string, error: unknown): void => {
    throw error;
  };
  const tsdb = new Tsdb({ folder }, { fs, clock, reports: { failed } });
  await tsdb.start();
  ends.push(() => tsdb.close());
  return tsdb;
}

async function served(): Promise<{ readonly tsdb: Tsdb; readonly url: string }> {
  const tsdb = await started();
  const app = fastify();
  const shared = { tsdb, counts: new TsdbApiCounts(), log: createLog('error') };
  await app.register(remoteWriteReceiver, shared);
  await app.register(federate, { ...shared, clock, externalLabels: () => ({}) });
  ends.unshift(() => app.close());
  return { tsdb, url: await app.listen({ port: 0, host: '127.0.0.1' }) };
}

function seriesOf(n: number): WrittenSeries {
  const random = seededRandom(n);
  const name = n % 3 === 0 ? 'dotted.name' : `metric_${n % 7}`;
  const labels = LabelSet.of({ __name__: name, instance: `i${n % 5}`, n: String(n), text: 'a "quoted" \\ line\n' });
  return {
    labels: [...labels.entries()].flat(),
    values: Float64Array.of(random() * 1e9, n % 11 === 0 ? Number.POSITIVE_INFINITY : random()),
    timestampsMs: Float64Array.of(clock.nowMs() - 20_000, clock.nowMs() - 5_000),
  };
}

async function send(url: string, version: RemoteWriteVersion, series: readonly WrittenSeries[]): Promise<void> {
  const { status } = await fetch(`${url}/api/v1/write`, {
    method: 'POST',
    headers: { 'content-type': CONTENT_TYPES[version], 'content-encoding': 'snappy' },
    body: new Uint8Array(compress(encodeWriteRequest(version, series))),
  });
  expect(status).toBe(204);
}

async function scrapeInto(tsdb: Tsdb, url: string, format: Format): Promise<void> {
  const query = new URLSearchParams({ 'match[]': '{n!=""}' });
  const accept = `${ACCEPTS[format]};escaping=allow-utf-8`;
  const answer = await fetch(`${url}/federate?${query}`, { headers: { accept } });
  const reader = new ScrapeReader({
    resolve: (labels) => {
      const pairs = labels.flatMap((name, at) => (at % 2 === 0 ? [[name, labels[at + 1] ?? ''] as const] : []));
      const ref = tsdb.getOrCreate(LabelSet.of(pairs));
      if (typeof ref === 'string') throw new Error(ref);
      return ref;
    },
  });
  const { count, refs, timestampsMs, values } = reader.read(Buffer.from(await answer.arrayBuffer()), format);
  await tsdb.append({ count, refs: new Uint32Array(refs), timestampsMs, values });
}

function newestOf({ head }: Tsdb): ReadonlyMap<string, readonly number[]> {
  const newest = new Map<string, readonly number[]>();
  const columns = new SampleColumns();
  for (let slot = 0; slot < head.table.slots; slot++) {
    columns.clear();
    head.store.read(slot, 0, 1e15, columns);
    const last = columns.length - 1;
    newest.set(head.table.labelSet(slot).key, [columns.timestampsMs[last]!, columns.values[last]!]);
  }
  return new Map([...newest].sort(([a], [b]) => (a < b ? -1 : 1)));
}
