import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ExplainedHpa } from '@vigie/collector/hpa/explained-hpa';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runExplanation } from '../../src/hpa/run-explanation.ts';
import { CapturedTerminal } from '../captured-terminal.ts';

const NOW = Date.UTC(2026, 10, 29, 12);
const EXPLAINED: ExplainedHpa = {
  namespace: 'shop',
  name: 'web',
  target: 'Deployment web',
  minReplicas: 2,
  maxReplicas: 10,
  replicas: { wanted: 3, present: 2 },
  problem: 'pods by selector app=web are controlled by multiple HPAs',
  metrics: [
    {
      metric: 'cpu resource utilization (percentage of request)',
      target: '50% of requests',
      servedBy: 'kube-system/metrics-server',
      rule: 'kubelet',
      query: 'rate(container_cpu_usage_seconds_total[1m])',
      series: [{ series: 'container_cpu_usage_seconds_total{pod="a"}', value: 0.9, timestampMs: NOW - 12_000 }],
      values: [{ name: 'a', value: 0.9, timestampMs: NOW - 12_000, windowMs: 60_000 }],
      missing: [{ name: 'b', reason: 'OnlyOneSample', message: 'a rate needs two' }],
      pods: [{ pod: 'b', group: 'missing', why: 'there is no value of the metric for it' }],
      computed: { usage: 0.9, utilization: 90, ratio: 1.8, replicas: 4, formula: 'ceil(1.8 * 2 pods) = 4' },
    },
    {
      metric: 'external metric queue',
      target: 'average 10',
      series: [],
      values: [],
      missing: [],
      pods: [],
      problem: 'the API has no value of it',
    },
  ],
  next: { replicas: 4, reason: 'cpu above target', note: 'the controller remembers' },
};

async function explained(
  answers: Readonly<Record<string, readonly [number, unknown]>>,
  output: 'text' | 'json' = 'text',
) {
  const server = http.createServer((request, response) => {
    const [status, body] = answers[request.url ?? ''] ?? [404, 'nothing here'];
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const terminal = new CapturedTerminal();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const code = await runExplanation('shop/web', { url }, output, terminal, '1', NOW);
  return { code, text: terminal.out };
}

describe('vigie hpa explain', () => {
  it('does not say that nothing is behind a metric of which nobody could tell', async () => {
    const [, external] = EXPLAINED.metrics;
    const metrics = [{ ...external!, problem: 'the query took too long', isRefused: true }];
    const { text } = await explained({ '/explain?hpa=shop%2Fweb': [200, { ...EXPLAINED, metrics }] });
    expect(text).toContain('external metric queue, target average 10\n  problem  the query took too long\n');
  });

  it('prints of each metric what stands behind it, and what comes next', async () => {
    const { code, text } = await explained({ '/explain?hpa=shop%2Fweb': [200, EXPLAINED] });
    expect(code).toBe(1);
    expect(text).toBe(`shop/web: Deployment web, 3 replicas, 2 there, of 2 to 10
problem  pods by selector app=web are controlled by multiple HPAs

cpu resource utilization (percentage of request), target 50% of requests
  asked of kube-system/metrics-server, and not of this collector
  rule     kubelet
  query    rate(container_cpu_usage_seconds_total[1m])
  series   container_cpu_usage_seconds_total{pod="a"}  0.9, 12 s ago
  values   a  0.9 over 60 s, 12 s ago
  missing  b  OnlyOneSample: a rate needs two
  pods     b  missing: there is no value of the metric for it
  usage    0.9 (90% of requests), 1.8 of the target
  asks for 4 replicas: ceil(1.8 * 2 pods) = 4

external metric queue, target average 10
  rule     none: no series and no rule stand behind this metric
  problem  the API has no value of it

next     3 → 4: cpu above target
         the controller remembers
`);
  });

  it('gives the answer as it is, and asks below /prometheus first', async () => {
    const { text } = await explained({ '/prometheus/explain?hpa=shop%2Fweb': [200, EXPLAINED] }, 'json');
    expect(JSON.parse(text)).toEqual(EXPLAINED);
  });

  it('says what the collector says where there is no such HPA', async () => {
    await expect(explained({ '/explain?hpa=shop%2Fweb': [404, 'no such HPA'] })).rejects.toMatchObject({
      code: 'EXPLAIN_REFUSED',
      message: expect.stringMatching(/404 no such HPA$/),
    });
    const terminal = new CapturedTerminal();
    const odd = runExplanation('web', { url: 'http://127.0.0.1:1' }, 'text', terminal, '1', NOW);
    await expect(odd).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
