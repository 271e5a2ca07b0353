import { systemClock } from '@vigie/core/clock';
import { DEFAULT_HTTP_CLIENT } from '@vigie/core/config/http-client-config';
import { expect, it, onTestFinished } from 'vitest';
import { openDiscoveryClient } from '../../src/http-client/discovery-client.ts';
import { serve } from '../server.ts';

const { signal } = new AbortController();

function open() {
  const deps = { clock: systemClock, env: {}, userAgent: 'vigie/1.2.3' };
  const client = openDiscoveryClient(deps)(DEFAULT_HTTP_CLIENT);
  onTestFinished(() => client.close());
  return client;
}

it('has the whole answer, whatever its status', async () => {
  const server = await serve((incoming, outgoing) => {
    outgoing.writeHead(404, { 'x-consul-index': '7' }).end(`asked as ${incoming.headers['x-token']}`);
  });
  const request = { url: new URL(server.url), headers: { 'x-token': 't' }, timeoutMs: 5_000 };
  expect(await open().get(request, signal)).toMatchObject({
    status: 404,
    headers: { 'x-consul-index': '7' },
    body: 'asked as t',
  });
});

it('gives up in time, and with its signal', async () => {
  const server = await serve((_incoming, outgoing) => outgoing.write('half'));
  const request = { url: new URL(server.url), headers: {}, timeoutMs: 50 };
  await expect(open().get(request, signal)).rejects.toThrow(`${server.url} has not answered within 0.05 s`);
  const ending = new AbortController();
  const asked = open().get({ ...request, timeoutMs: 30_000 }, ending.signal);
  ending.abort(new Error('the end'));
  await expect(asked).rejects.toThrow('the end');
});
