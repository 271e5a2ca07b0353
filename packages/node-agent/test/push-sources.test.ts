import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { systemClock } from '@vigie/core/clock';
import { createLog } from '@vigie/core/log';
import { createSinkRuntime } from '@vigie/log-pipeline/agent/sinks';
import { createTransform } from '@vigie/log-pipeline/agent/transforms';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeAgent } from '../src/agent.ts';
import { createAgentMetrics } from '../src/agent-metrics.ts';
import { loadAgentConfig } from '../src/config.ts';

const DEADLINE_MS = 10_000;

describe('sources beside container logs', () => {
  let root = '';
  let agent: NodeAgent | undefined;
  let printed: string[] = [];

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'vigie-sources-'));
    printed = [];
  });
  afterEach(async () => {
    await agent?.close(AbortSignal.timeout(5_000));
    agent = undefined;
    rmSync(root, { recursive: true, force: true });
  });

  async function start(sources: string, linger = '10ms'): Promise<NodeAgent> {
    const file = join(root, 'agent.yaml');
    writeFileSync(
      file,
      `
data_dir: ${root}/data
sources:
${sources}
sinks:
  out: { type: file, inputs: [in], path: "${root}/out.ndjson", batch: { timeout: ${linger} } }
`,
    );
    const config = await loadAgentConfig(file, {}, undefined);
    const log = createLog('error', { write: () => undefined });
    const world = { clock: systemClock, random: Math.random, env: {}, version: '0.0.0', log };
    agent = new NodeAgent(config, {
      ...world,
      metrics: createAgentMetrics(),
      print: (line) => void printed.push(line),
      identity: { nodeName: 'n1', self: { namespace: undefined, name: undefined } },
      kernel: undefined,
      createTransform,
      createSink: (name, section) => createSinkRuntime(name, section, world),
    });
    await agent.start(new AbortController().signal);
    return agent;
  }

  function urlOf(listener: string): string {
    const line = printed.find((one) => one.includes(`(${listener})`)) ?? '';
    return /http:\S+/.exec(line)?.[0] ?? '';
  }

  function documents(): Record<string, unknown>[] {
    try {
      const lines = readFileSync(join(root, 'out.ndjson'), 'utf8').trimEnd().split('\n');
      return lines.map((line) => JSON.parse(line));
    } catch {
      return [];
    }
  }

  async function until(condition: () => boolean): Promise<void> {
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    while (!condition()) {
      if (deadline.aborted) throw new Error('not reached');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  it('takes OTLP logs, and answers when the sink has them', async () => {
    await start('  in: { type: otlp, listen: "127.0.0.1:0" }');
    const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
    const body = {
      resourceLogs: [
        {
          resource: {
            attributes: [
              attribute('k8s.namespace.name', 'shop'),
              attribute('k8s.pod.name', 'web-0'),
              attribute('k8s.deployment.name', 'web'),
              attribute('service.name', 'web'),
            ],
          },
          scopeLogs: [
            {
              scope: { name: 'orders' },
              logRecords: [
                {
                  timeUnixNano: '1795255200123456789',
                  severityNumber: 17,
                  body: { stringValue: 'no such order' },
                  attributes: [{ key: 'order', value: { intValue: '17' } }],
                  traceId: '0102030405060708090a0b0c0d0e0f10',
                },
              ],
            },
          ],
        },
      ],
    };
    const answer = await fetch(`${urlOf('otlp')}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: gzipSync(JSON.stringify(body)),
    });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({});
    expect(documents()).toMatchObject([
      {
        '@timestamp': '2026-11-21T10:00:00.123456789Z',
        message: 'no such order',
        order: 17,
        'log.level': 'error',
        'service.name': 'web',
        'trace.id': '0102030405060708090a0b0c0d0e0f10',
        kubernetes: { namespace: 'shop', pod: { name: 'web-0' }, deployment: { name: 'web' }, node: { name: 'n1' } },
      },
    ]);
    expect(agent?.ledger()).toMatchObject([{ source: 'in', readRecords: 1, ackedRecords: 1, inFlightBytes: 0 }]);
    expect([...(agent?.pushed.counts.get('in') ?? [])]).toEqual([['accepted', 1]]);
  });

  it("takes what is pushed by Loki's API", async () => {
    await start('  in: { type: loki_push, listen: "127.0.0.1:0" }');
    const answer = await fetch(`${urlOf('loki')}/loki/api/v1/push`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        streams: [
          {
            stream: { namespace: 'shop', pod: 'web-0', app: 'web', level: 'warn' },
            values: [['1795255200000000000', 'low on stock', { sku: '42' }]],
          },
        ],
      }),
    });
    expect(answer.status).toBe(204);
    expect(documents()).toMatchObject([
      {
        message: 'low on stock',
        labels: { app: 'web', sku: '42' },
        'log.level': 'warn',
        kubernetes: { namespace: 'shop' },
      },
    ]);
  });

  it('refuses what it does not understand', async () => {
    await start('  in: { type: otlp, listen: "127.0.0.1:0", max_body: 1KiB }');
    const url = `${urlOf('otlp')}/v1/logs`;
    const post = async (type: string, body: string) =>
      (await fetch(url, { method: 'POST', headers: { 'content-type': type }, body })).status;
    expect(await post('application/json', '{"resourceLogs":7}')).toBe(400);
    expect(await post('application/x-protobuf', 'no such thing')).toBe(400);
    expect(await post('text/plain', 'x')).toBe(415);
    expect(await post('application/json', ' '.repeat(5000))).toBe(413);
    expect(documents()).toEqual([]);
  });

  it('reads plain files, through rotation', async () => {
    const log = join(root, 'app.log');
    writeFileSync(log, 'one\r\ntwo\n');
    writeFileSync(join(root, 'other.log'), 'not this\n');
    await start(
      `  in: { type: file, paths: ["${root}/*.log"], exclude_paths: ["**/other.log"], reconcile_interval: 50ms }`,
    );
    await until(() => documents().length === 2);
    appendFileSync(log, 'three\n');
    await until(() => documents().length === 3);
    expect(documents().map(({ message }) => message)).toEqual(['one', 'two', 'three']);
    expect(documents()[0]).toMatchObject({ log: { file: { path: log }, offset: 0 } });
  });

  it('a reload leaves a receiver that did not change on its port', async () => {
    const running = await start('  in: { type: otlp, listen: "127.0.0.1:0" }');
    const url = `${urlOf('otlp')}/v1/logs`;
    await running.reload(await loadAgentConfig(join(root, 'agent.yaml'), {}, undefined), new AbortController().signal);
    const logRecords = [{ body: { stringValue: 'after' } }];
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }),
    });
    expect(answer.status).toBe(200);
    expect(documents()).toMatchObject([{ message: 'after' }]);
    expect(printed).toHaveLength(1);
  });

  it('answers a sender whose records are on their way when it is told to end', async () => {
    const running = await start('  in: { type: otlp, listen: "127.0.0.1:0" }', '5s');
    const logRecords = [{ body: { stringValue: 'last' } }];
    // The file sink's request waits for more records: the push is under way while the agent ends.
    const answer = fetch(`${urlOf('otlp')}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }),
    });
    await until(() => running.ledger()[0]?.readRecords === 1);
    await running.close(AbortSignal.timeout(5_000));
    expect((await answer).status).toBe(200);
    expect(documents()).toMatchObject([{ message: 'last' }]);
  });
});
