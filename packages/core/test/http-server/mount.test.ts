import { once } from 'node:events';
import * as http from 'node:http';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { textReply } from '../../src/http-server/exchange.ts';
import type { Mount } from '../../src/http-server/mount.ts';
import type { Route } from '../../src/http-server/routes.ts';
import { ask, serve } from './fixture.ts';

const everything: Route = { methods: ['GET'], path: '/*', handler: () => textReply('route') };
const part: Mount = {
  prefix: '/part',
  serve: (incoming, outgoing) => void outgoing.end(`part ${incoming.method} ${incoming.url}`),
};

it('has all below its prefix, whatever the method, and nothing beside it', async () => {
  const { port } = await serve([everything], {}, systemClock, [part]);
  const bodies = await Promise.all(
    ['/part', '/part/a?b=1', '/partly', '/'].map(async (path) => (await ask(port, path)).body),
  );
  expect(bodies).toEqual(['part GET /part', 'part GET /part/a?b=1', 'route', 'route']);
  const options = await ask(port, '/part/a', { method: 'OPTIONS' });
  expect([options.body, options.headers['x-content-type-options']]).toEqual(['part OPTIONS /part/a', 'nosniff']);
});

it('is closed to foreign web pages, as a route is', async () => {
  const { port } = await serve([everything], {}, systemClock, [part]);
  const rebound = await ask(port, '/part', { headers: { host: 'evil.example' } });
  const forged = await ask(port, '/part', { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } });
  expect([rebound.status, forged.status]).toEqual([403, 403]);
});

it('may end its answer while the listener closes, whose connection then goes', async () => {
  let end: (() => void) | undefined;
  const slow: Mount = {
    prefix: '/slow',
    serve: (_incoming, outgoing) => {
      end = () => void outgoing.end('done');
      outgoing.flushHeaders();
    },
  };
  const { listener, port } = await serve([], {}, systemClock, [slow]);
  const agent = new http.Agent({ keepAlive: true });
  const request = http.get({ host: '127.0.0.1', port, path: '/slow', agent });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const closed = listener.close({ graceMs: 60_000 });
  end?.();
  let text = '';
  for await (const chunk of response) text += String(chunk);
  await closed;
  expect(text).toBe('done');
  agent.destroy();
});
