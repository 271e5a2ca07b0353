import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ListedMetrics } from '@vigie/collector/adapter/listed-metrics';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runMetricList } from '../../src/hpa/run-metric-list.ts';
import { CapturedTerminal } from '../captured-terminal.ts';

const LISTED: ListedMetrics = {
  resource: [{ metric: 'cpu', rule: 'kubelet', query: 'container_cpu_usage_seconds_total' }],
  custom: [
    {
      resource: 'pods',
      metric: 'hits_per_second',
      origins: [
        { rule: 'rules[0]', series: 'hits_total' },
        { rule: 'rules[1]', series: 'hits_total' },
      ],
    },
  ],
  external: [{ metric: 's0-kafka', origins: [{ rule: 'delegate', series: '' }] }],
};

async function listed(status: number, body: unknown, output: 'text' | 'json' = 'text') {
  const server = http.createServer((request, response) => {
    if (request.url === '/explain/metrics') response.writeHead(status).end(JSON.stringify(body));
    else response.writeHead(404).end('nothing here');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const terminal = new CapturedTerminal();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const code = await runMetricList({ url }, output, terminal, '1');
  return { code, text: terminal.out };
}

describe('vigie hpa explain --metrics', () => {
  it('prints what there is to scale on, with rules and series', async () => {
    expect(await listed(200, LISTED)).toEqual({
      code: 0,
      text: `OF        METRIC           RULE                SERIES
resource  cpu              kubelet             container_cpu_usage_seconds_total
pods      hits_per_second  rules[0], rules[1]  hits_total
external  s0-kafka         delegate
`,
    });
  });

  it('gives the answer as it is, and says why there is none', async () => {
    expect(JSON.parse((await listed(200, LISTED, 'json')).text)).toEqual(LISTED);
    await expect(listed(404, 'metrics_api is not configured')).rejects.toMatchObject({ code: 'EXPLAIN_REFUSED' });
  });
});
