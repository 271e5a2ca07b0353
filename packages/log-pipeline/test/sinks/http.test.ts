import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HttpSink, httpSchema } from '../../src/sinks/http.ts';
import type { SendOutcome } from '../../src/sinks/sink.ts';
import { documentLine } from './facts.ts';
import { type Peer, type PeerHandler, reset, respond, startPeer } from './http-peer.ts';
import { neverAborted, recordedDeps } from './sink-deps.ts';

let peer: Peer;
beforeEach(async () => {
  peer = await startPeer(respond(204));
});
afterEach(async () => {
  await peer.close();
});

async function send(handler: PeerHandler, options = {}): Promise<SendOutcome> {
  peer.handle(handler);
  const config = v.parse(httpSchema, { type: 'http', inputs: ['pods'], url: `${peer.url}in/put?tenant=a`, ...options });
  const sink = new HttpSink('web', config, recordedDeps());
  await sink.start();
  const outcome = await sink.send(Buffer.from(documentLine('2026-11-21T04:12:19Z', 'x')), 1, neverAborted());
  await sink.close();
  return outcome;
}

describe('http sink', () => {
  test.each([200, 201, 202, 204])('posts NDJSON, and %i accepts it', async (httpStatus) => {
    expect(await send(respond(httpStatus))).toEqual({ status: 'accepted' });
    const [request] = peer.requests;
    expect(request).toMatchObject({ method: 'POST', url: '/in/put?tenant=a' });
    expect(request?.headers['content-type']).toBe('application/x-ndjson');
    expect(request?.body).toBe(documentLine('2026-11-21T04:12:19Z', 'x'));
  });

  test('carries headers and credentials, compressed if told to', async () => {
    await send(respond(204), { headers: { 'X-Tenant': 'shop' }, auth: { bearer: 'token' }, compression: 'gzip' });
    const [request] = peer.requests;
    expect(request?.headers).toMatchObject({
      'x-tenant': 'shop',
      authorization: 'Bearer token',
      'content-encoding': 'gzip',
    });
    expect(request?.body).toBe(documentLine('2026-11-21T04:12:19Z', 'x'));
  });

  test.each([
    [
      respond(429, 'slow down', { 'retry-after': '3' }),
      { status: 'retryable', reason: 'throttled', retryAfterMs: 3_000 },
    ],
    [respond(503), { status: 'retryable', reason: 'unavailable' }],
    [reset, { status: 'retryable', reason: 'network' }],
    [respond(413), { status: 'too_large' }],
    [respond(401), { status: 'held', reason: 'credentials' }],
    [respond(404), { status: 'held', reason: 'not_found' }],
    [respond(302, '', { location: '/' }), { status: 'held', reason: 'endpoint' }],
    [respond(400, 'bad line'), { status: 'rejected', httpStatus: 400, error: 'bad line' }],
    [respond(422, 'bad field'), { status: 'rejected', httpStatus: 422, error: 'bad field' }],
  ])('outcome %#', async (handler, outcome) => {
    expect(await send(handler)).toMatchObject(outcome);
  });
});
