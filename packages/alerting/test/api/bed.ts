/** Alertmanager's API over a world in memory, and what is posted to it. */
import { FakeClock } from '@vigie/core/fake-clock';
import type { InjectOptions } from 'fastify';
import { expect } from 'vitest';
import { apiOver, CONFIG, MemoryWorld } from './world.ts';

export const NOW = Date.UTC(2026, 10, 29, 10);
export const NODE_DOWN = { labels: { alertname: 'NodeDown', node: 'n1' }, annotations: { summary: 'gone <b>' } };
export const SLOW = {
  labels: { alertname: 'Slow', severity: 'page', team: 'shop', node: 'n1' },
  generatorURL: 'http://prometheus/graph?g0.expr=a&b',
};
export const FULL = { labels: { alertname: 'Full', severity: 'page' }, startsAt: '2026-11-29T09:00:00+01:00' };

interface Said {
  readonly status: number;
  readonly text: string;
  readonly json: unknown;
  readonly headers: Readonly<Record<string, unknown>>;
}

export async function bed(...alerts: readonly object[]) {
  const clock = new FakeClock(NOW);
  const world = new MemoryWorld(CONFIG, clock);
  const { app, counts } = await apiOver(world, '/alertmanager');
  const ask = async (options: InjectOptions): Promise<Said> => {
    const { statusCode, body, headers } = await app.inject(options);
    return { status: statusCode, text: body, json: body === '' ? undefined : JSON.parse(body), headers };
  };
  const get = (path: string): Promise<Said> => ask({ method: 'GET', url: `/alertmanager/api/v2${path}` });
  const post = (path: string, body: unknown): Promise<Said> =>
    ask({
      method: 'POST',
      url: `/alertmanager/api/v2${path}`,
      headers: { 'content-type': 'application/json' },
      payload: typeof body === 'string' ? body : JSON.stringify(body),
    });
  if (alerts.length > 0) expect((await post('/alerts', alerts)).status).toBe(200);
  return { clock, world, app, counts, ask, get, post };
}

export function silence(matchers: readonly string[], times: object = {}): object {
  return {
    matchers: matchers.map((text) => {
      const [name = '', value = ''] = text.split('=');
      return { name, value, isRegex: false };
    }),
    startsAt: '2026-11-29T10:00:00Z',
    endsAt: '2026-11-29T11:00:00Z',
    createdBy: 'me',
    comment: 'maintenance',
    ...times,
  };
}
