import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runSimulation, type SimulationRequest } from '../../src/hpa/run-simulation.ts';
import { CapturedTerminal } from '../captured-terminal.ts';

const NOW = Date.UTC(2026, 10, 29, 12);
const HPA = `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 10
  metrics:
    - type: Resource
      resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}
`;
/** Cores, minute by minute: an hour with a peak. */
const LOAD = Array.from({ length: 61 }, (_, minute) => [
  NOW / 1000 + 60 * minute,
  minute >= 20 && minute < 40 ? 2 : 0.5,
]);

interface Written {
  readonly hpa?: string;
  readonly load?: string;
}

async function simulated(changes: Partial<SimulationRequest>, { hpa = HPA, load }: Written = {}): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'vigie-hpa-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'hpa.yaml');
  const metrics = join(folder, 'load.csv');
  writeFileSync(file, hpa);
  writeFileSync(metrics, load ?? ['time,cpu', ...LOAD.map((point) => point.join(','))].join('\n'));
  const terminal = new CapturedTerminal();
  const request: SimulationRequest = {
    of: { kind: 'file', file },
    set: [],
    metrics,
    server: { url: 'http://127.0.0.1:1' },
    start: 'now-1h',
    end: undefined,
    query: [],
    request: ['cpu=500m'],
    replicas: undefined,
    podStartMs: 30_000,
    controller: {},
    output: 'text',
    ...changes,
  };
  await runSimulation(request, terminal, '1', NOW + 3_600_000);
  return terminal.out.replaceAll(folder, '');
}

describe('vigie hpa simulate', () => {
  it('draws the replicas of the file and of what is changed', async () => {
    const text = await simulated({ set: ['spec.metrics[0].resource.target.averageUtilization=80,spec.minReplicas=1'] });
    const [head = '', first = '', second = ''] = text.trimEnd().split('\n').slice(-3);
    expect(head).toMatch(/^ +replicas +min +mean +max +ups +downs +pod hours +above target +without metrics$/);
    expect(first).toMatch(/^\* +\/hpa.yaml +2 +\S+ +8 /);
    expect(second).toMatch(/^\+ +spec\.metrics\S+=1 +2 +\S+ +5 /);
    expect(text).toMatch(/┤.*\+/);
  });

  it('writes every round with its reason as CSV, and the curves as JSON', async () => {
    const [head, round = ''] = (await simulated({ output: 'csv' })).split('\n');
    expect(head).toBe('variant,time,replicas,reason');
    expect(round).toBe(
      '/hpa.yaml,2026-11-29T12:00:00Z,2,cpu resource utilization (percentage of request) asks for as many as there are',
    );
    const [json] = JSON.parse(await simulated({ output: 'json' }));
    expect(json).toMatchObject({ name: '/hpa.yaml', summary: { least: 2, most: 8 } });
    expect(json.replicas).toHaveLength(241);
  });

  it('asks a server for the load, by a query of its own or the one given', async () => {
    const asked: string[] = [];
    const server = http.createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      asked.push(new URLSearchParams(body).get('query') ?? '');
      const values = LOAD.map(([time, value]) => [time, String(value)]);
      response.end(
        JSON.stringify({ status: 'success', data: { resultType: 'matrix', result: [{ metric: {}, values }] } }),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const own = { metrics: undefined, server: { url }, output: 'json' } as const;
    expect(JSON.parse(await simulated(own))).toMatchObject([{ summary: { most: 8 } }]);
    await simulated({ ...own, query: ['cpu=sum(a)'] });
    expect(asked).toEqual([
      expect.stringContaining('rate(container_cpu_usage_seconds_total{namespace="shop",pod=~"web-'),
      'sum(a)',
    ]);
  });

  it('takes an HPA from the collector, without a file', async () => {
    const target = { type: 'Utilization', averageUtilization: 50 };
    const manifest = JSON.stringify({
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'web', namespace: 'shop' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        minReplicas: 2,
        maxReplicas: 10,
        metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }],
      },
    });
    const server = http.createServer((request, response) => {
      const isAsked = request.url === '/explain/manifest?hpa=shop%2Fweb';
      response.writeHead(isAsked ? 200 : 404).end(isAsked ? manifest : 'nothing here');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const own = { of: { kind: 'hpa', hpa: 'shop/web' }, server: { url }, output: 'json' } as const;
    expect(JSON.parse(await simulated(own))).toMatchObject([{ name: 'shop/web', summary: { most: 8 } }]);
    await expect(simulated({ ...own, of: { kind: 'hpa', hpa: 'shop/other' } })).rejects.toMatchObject({
      code: 'EXPLAIN_REFUSED',
    });
    await expect(simulated({ ...own, of: { kind: 'hpa', hpa: 'web' } })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });

  it.each([
    [{ request: [] }, {}, 'the target is in per cent of what a pod requests: --request cpu=250m says how much that is'],
    [{ request: ['cpu=much'] }, {}, '--request: expected a quantity such as 250m or 1Gi, got much'],
    [{ set: ['spec.maxReplicas=many'] }, {}, '--set spec.maxReplicas=many: spec.maxReplicas: '],
    [{ set: ['spec.metrics[3].type=Pods'] }, {}, 'there is no 3 in it'],
    [{}, { load: 'time,memory\n1,1\n' }, 'there is no recorded metric cpu: there are memory'],
    [{}, { load: 'time,cpu\n1,a lot\n' }, '/load.csv:2: cpu: expected a number, got a lot'],
    [{}, { load: '{"cpu": 1}' }, '/load.csv: expected {"METRIC": [[TIME, NUMBER], …], …}'],
    [{}, { hpa: 'kind: Deployment\n' }, '/hpa.yaml:1:7: kind: expected'],
  ] as const)('refuses %j %j', async (changes, written, message) => {
    const refusal = await simulated(changes, written).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refusal).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining(message) });
  });

  it('takes JSON with a list for each metric', async () => {
    const load = JSON.stringify({ cpu: LOAD });
    expect(JSON.parse(await simulated({ output: 'json' }, { load }))).toMatchObject([{ summary: { most: 8 } }]);
  });
});
