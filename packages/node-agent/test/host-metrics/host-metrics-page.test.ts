import { systemClock } from '@vigie/core/clock';
import type { HttpRequest } from '@vigie/core/http-server/exchange';
import { createLog } from '@vigie/core/log';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { hostMetricsSection } from '../../src/host-metrics/host-metrics-config.ts';
import { HostMetricsPage } from '../../src/host-metrics/host-metrics-page.ts';
import { recordedPaths } from './recorded-host.ts';

const REQUEST: HttpRequest = {
  method: 'GET',
  path: '/metrics/node',
  rest: '',
  query: new URLSearchParams(),
  headers: {},
  signal: new AbortController().signal,
  body: () => Promise.resolve(Buffer.alloc(0)),
};

describe('/metrics/node', () => {
  it('reads the machine when it is asked for, and not before', async () => {
    const config = v.parse(hostMetricsSection, { ...recordedPaths('vm'), collectors: ['loadavg', 'uname'] });
    const log = createLog('error', { write: () => undefined });
    const page = new HostMetricsPage(config, { clock: systemClock, log, identity: { nodeName: 'worker-1' } });
    expect(page.counters.scrapes).toBe(0);
    const { headers, body } = await page.route.handler(REQUEST);
    expect(headers).toEqual({ 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
    expect(body).toContain('\nnode_load15 ');
    expect(body).toContain('nodename="worker-1"');
    expect(page.counters.scrapes).toBe(1);
  });

  it('may be read by whoever may read /metrics', () => {
    const config = v.parse(hostMetricsSection, {});
    const log = createLog('error', { write: () => undefined });
    const { route } = new HostMetricsPage(config, { clock: systemClock, log, identity: { nodeName: undefined } });
    expect(route).toMatchObject({ methods: ['GET'], path: '/metrics/node', access: 'reader' });
  });
});
