/** What is exported, as a receiver of OTLP/HTTP decodes it. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@vigie/core/clock';
import { createLog } from '@vigie/core/log';
import { buildSync } from 'esbuild';
import { expect, it, onTestFinished } from 'vitest';
import { StaticDiscovery } from '../../src/discovery/static-discovery.ts';
import { unconfiguredCollector, withOwnMetrics } from '../../src/own-metrics.ts';
import { Collector } from '../../src/service.ts';
import { openTracing } from '../../src/tracing/open-tracing.ts';
import { serve, text } from '../server.ts';
import { tempFolder } from '../temp-folder.ts';
import { decodeTraces, type ExportedSpan } from './exported-spans.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(incoming, 'end');
  return Buffer.concat(chunks);
}

it('is a span of each scrape, and of each query in the trace of its request', async () => {
  const spans: ExportedSpan[] = [];
  const receiver = await serve(async (incoming, outgoing) => {
    spans.push(...decodeTraces(await bodyOf(incoming)));
    outgoing.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  });
  const target = await serve(text(() => 'reads 5\nwrites 6\n'));
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = receiver.url;
  const log = createLog('error');
  const tracing = await openTracing(process.env, { version: '1.2.3', serviceName: 'vigie-collector' }, log);
  const [host = '', port = ''] = target.address.split(':');
  const address = { host, port: Number(port) };
  const unconfigured = unconfiguredCollector({ folder: `${await tempFolder()}/metrics`, maxBytes: 1e7 });
  const config = withOwnMetrics(unconfigured, address);
  const collector = new Collector(
    { config, rules: { groups: [], left: 0 } },
    { version: '1.2.3', prefix: '', isEager: true, configYaml: () => '', flags: {} },
    {
      clock: systemClock,
      log,
      env: {},
      hostName: 'node-1',
      random: Math.random,
      tracing,
      pageOf: () => undefined,
      discover: (discovery) => {
        if (discovery.kind !== 'static') throw new Error(discovery.kind);
        return new StaticDiscovery(discovery, { updates: 0, failures: 0 });
      },
    },
  );
  await collector.start();
  await collector.firstScrapes();
  const server = createServer((incoming, outgoing) => collector.serve(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.closeAllConnections());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`;
  const headers = { traceparent: `00-${TRACE}-${PARENT}-01` };
  // By POST, as Grafana asks: its body has come before the query begins.
  await fetch(`${url}/query`, { method: 'POST', headers, body: new URLSearchParams({ query: 'reads' }) });
  await fetch(`${url}/query_range?query=up&start=0&end=60&step=15`);
  server.close();
  await collector.close();
  await tracing?.close();
  expect(spans.find(({ name }) => name === 'scrape')).toMatchObject({
    service: 'vigie-collector',
    parentId: '',
    attributes: {
      'scrape.target': `${target.url}/metrics`,
      'scrape.job': 'vigie',
      'scrape.status': 'success',
      'scrape.samples': '2',
    },
  });
  expect(spans.find(({ name }) => name === 'promql.query')).toMatchObject({
    traceId: TRACE,
    parentId: PARENT,
    attributes: { 'promql.expr': 'reads', 'promql.steps': '1', 'promql.series': '1', 'promql.samples': '1' },
  });
  const range = spans.find(({ name }) => name === 'promql.query_range');
  expect(range).toMatchObject({ parentId: '', attributes: { 'promql.steps': '5', 'promql.series': '0' } });
  expect(range?.traceId).not.toBe(TRACE);
}, 60_000);

it('is loaded by nothing that a collector loads at its start', () => {
  const entry = fileURLToPath(new URL('../../src/run.ts', import.meta.url));
  const { metafile } = buildSync({
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    outdir: 'none',
  });
  const files = Object.keys(metafile.inputs);
  const reached = new Set(files.filter((file) => file.endsWith('collector/src/run.ts')));
  expect(reached.size).toBe(1);
  for (const file of reached) {
    for (const { path, kind } of metafile.inputs[file]?.imports ?? []) if (kind !== 'dynamic-import') reached.add(path);
  }
  expect([...reached].filter((path) => /otel-tracing|@opentelemetry/.test(path))).toEqual([]);
  expect(files.some((file) => file.endsWith('otel-tracing.ts'))).toBe(true);
});
