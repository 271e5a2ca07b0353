import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@vigie/core/clock';
import { ConfigError } from '@vigie/core/config/problem';
import { createLog } from '@vigie/core/log';
import { createSinkRuntime } from '@vigie/log-pipeline/agent/sinks';
import { createTransform } from '@vigie/log-pipeline/agent/transforms';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAgentMetrics } from '../src/agent-metrics.ts';
import { type AgentConfig, loadAgentConfig } from '../src/config.ts';
import { AgentService } from '../src/service.ts';

const log = createLog('error', { write: () => undefined });

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'vigie-log-metrics-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function configOf(sinks: string) {
  const file = join(root, 'agent.yaml');
  writeFileSync(
    file,
    `data_dir: "${root}/data"
listen: 127.0.0.1:0
sources:
  files: { type: file, paths: ["${root}/*.log"] }
transforms:
  json: { type: parse_json, inputs: [files] }
sinks:
${sinks}`,
  );
  return loadAgentConfig(file, {}, undefined);
}

/** @param reloaded what a reload reads */
function serviceOf(config: AgentConfig, reloaded = () => Promise.resolve(config)) {
  const world = { clock: systemClock, random: Math.random, env: {}, version: '0.0.0', log };
  let url = '';
  const service = new AgentService(config, {
    ...world,
    metrics: createAgentMetrics(),
    readConfig: reloaded,
    print: (line) => {
      url = /http:\S+/.exec(line)?.[0] ?? '';
    },
    identity: { nodeName: 'n1', self: { namespace: undefined, name: undefined } },
    kernel: undefined,
    createTransform,
    createSink: (name, section) => createSinkRuntime(name, section, world),
  });
  return { service, scrape: () => fetch(new URL('/metrics/logs', url)) };
}

describe('/metrics/logs', () => {
  test('shows what all log_to_metric sinks of a running agent have counted', async () => {
    const records = Array.from({ length: 300 }, (_, i) => ({ status: i % 3 === 0 ? 500 : 200, took: i / 100 }));
    writeFileSync(join(root, 'app.log'), records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    const config = await configOf(`  requests:
    type: log_to_metric
    inputs: [json]
    metrics: [{ name: requests_total, type: counter, help: Requests., labels: { status: "{{ status }}" } }]
  times:
    type: log_to_metric
    inputs: [json]
    metrics: [{ name: took_seconds, type: histogram, field: took, buckets: [1] }]
`);
    const { service, scrape } = serviceOf(config);
    await service.start(new AbortController().signal);
    try {
      await expect
        .poll(async () => (await scrape()).text(), { timeout: 30_000 })
        .toBe(
          '# HELP requests_total Requests.\n# TYPE requests_total counter\n' +
            'requests_total{status="500"} 100\nrequests_total{status="200"} 200\n' +
            '# TYPE took_seconds histogram\ntook_seconds_bucket{le="1"} 101\ntook_seconds_bucket{le="+Inf"} 300\n' +
            `took_seconds_sum ${records.reduce((sum, { took }) => sum + took, 0)}\ntook_seconds_count 300\n`,
        );
      expect((await scrape()).headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
      const ledger = service.agent.ledger();
      expect(ledger.map(({ sink, ackedRecords }) => ({ sink, ackedRecords }))).toEqual([
        { sink: 'requests', ackedRecords: 300 },
        { sink: 'times', ackedRecords: 300 },
      ]);
    } finally {
      await service.close({ graceMs: 5000 });
    }
  }, 60_000);

  test('a reload keeps the values of metrics that stay what they are, and each record counts once', async () => {
    const file = join(root, 'app.log');
    const write = (count: number): void =>
      appendFileSync(file, Array.from({ length: count }, (_, i) => `${JSON.stringify({ size: i })}\n`).join(''));
    const lines = '{ name: lines_total, type: counter }';
    const sink = (metrics: string) => `  app: { type: log_to_metric, inputs: [json], metrics: [${metrics}] }\n`;
    const config = await configOf(sink(`${lines}, { name: bytes_total, type: counter, increment_by: size }`));
    const changed = `{ name: bytes_total, type: counter, increment_by: size, condition: { size: { gte: 1 } } }`;
    const { service, scrape } = serviceOf(config, () => configOf(sink(`${changed}, ${lines}`)));
    const samples = async (): Promise<string[]> =>
      (await (await scrape()).text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    write(100);
    await service.start(new AbortController().signal);
    try {
      await expect.poll(samples, { timeout: 30_000 }).toEqual(['lines_total 100', 'bytes_total 4950']);
      await service.reload();
      expect(await samples()).toEqual(['lines_total 100']);
      write(3);
      await expect.poll(samples, { timeout: 30_000 }).toEqual(['bytes_total 3', 'lines_total 103']);
    } finally {
      await service.close({ graceMs: 5000 });
    }
  }, 60_000);

  test('a name that two sinks have is a problem of the configuration, told with its place', async () => {
    const sink = (name: string) =>
      `  ${name}: { type: log_to_metric, inputs: [json], metrics: [{ name: lines_total, type: counter }] }\n`;
    const error = await configOf(sink('a') + sink('b')).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toContain('sinks.b.metrics[0].name');
  });

  test('what makes no sense for it is refused', async () => {
    const buffered = `  a: { type: log_to_metric, inputs: [json], metrics: [{ name: lines_total, type: counter }], dead_letter: { path: /x } }\n`;
    await expect(configOf(buffered)).rejects.toThrow('dead_letter');
  });
});
