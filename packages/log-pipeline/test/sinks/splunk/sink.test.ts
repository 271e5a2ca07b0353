import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SendOutcome } from '../../../src/sinks/sink.ts';
import { splunkShape } from '../../../src/sinks/splunk/shape.ts';
import { SplunkSink, splunkSchema } from '../../../src/sinks/splunk/sink.ts';
import { factsOf } from '../facts.ts';
import { type Peer, type PeerHandler, startPeer } from '../http-peer.ts';
import { neverAborted, recordedDeps } from '../sink-deps.ts';

const TOKEN = '12345678-1234-1234-1234-1234567890AB';
const eventSchema = v.strictObject({
  host: v.string(),
  source: v.optional(v.string()),
  sourcetype: v.string(),
  index: v.optional(v.string()),
  time: v.number(),
  event: v.record(v.string(), v.unknown()),
});

/** As strict as the collector is documented to be. */
function collector(busy = false): PeerHandler {
  return ({ method, url, headers, body }, response) => {
    const answer = (httpStatus: number, code: number, text: string, more = {}): void => {
      response
        .writeHead(httpStatus, { 'content-type': 'application/json' })
        .end(JSON.stringify({ text, code, ...more }));
    };
    if (method !== 'POST' || url !== '/services/collector/event') return answer(404, 404, 'not found');
    if (headers.authorization === undefined) return answer(401, 2, 'Token is required');
    if (headers.authorization !== `Splunk ${TOKEN}`) return answer(403, 4, 'Invalid token');
    if (busy) return answer(503, 9, 'Server is busy');
    const lines = body.trimEnd().split('\n');
    for (const [index, line] of lines.entries()) {
      const decoded = v.safeParse(eventSchema, JSON.parse(line));
      if (!decoded.success) return answer(400, 6, 'Invalid data format', { 'invalid-event-number': index });
      if (Object.keys(decoded.output.event).length === 0) {
        return answer(400, 13, 'Event field cannot be blank', { 'invalid-event-number': index });
      }
      if (decoded.output.index === 'nowhere')
        return answer(400, 7, 'Incorrect index', { 'invalid-event-number': index });
    }
    return answer(200, 0, 'Success');
  };
}

let peer: Peer;
beforeEach(async () => {
  peer = await startPeer(collector());
});
afterEach(async () => {
  await peer.close();
});

const event = (more = {}): string =>
  `${JSON.stringify({ host: 'n', source: 's', sourcetype: '_json', time: 1.5, event: { message: 'x' }, ...more })}\n`;

async function send(body: string, options = {}): Promise<SendOutcome> {
  const written = { type: 'splunk_hec', inputs: ['pods'], endpoints: [peer.url.origin], token: TOKEN, ...options };
  const sink = new SplunkSink('splunk', v.parse(splunkSchema, written), recordedDeps());
  await sink.start();
  const outcome = await sink.send(Buffer.from(body), body.trimEnd().split('\n').length, neverAborted());
  await sink.close();
  return outcome;
}

describe('splunk_hec sink', () => {
  test('posts events with the token, compressed', async () => {
    expect(await send(event() + event())).toEqual({ status: 'accepted' });
    const [request] = peer.requests;
    expect(request?.headers).toMatchObject({ authorization: `Splunk ${TOKEN}`, 'content-encoding': 'gzip' });
  });

  test('a wrong token or index holds; nothing is dropped', async () => {
    expect(await send(event(), { token: 'wrong' })).toMatchObject({ status: 'held', reason: 'credentials' });
    expect(await send(event({ index: 'nowhere' }))).toMatchObject({ status: 'held', reason: 'endpoint' });
  });

  test('a busy server is asked again', async () => {
    peer.handle(collector(true));
    expect(await send(event())).toMatchObject({ status: 'retryable', reason: 'unavailable' });
  });

  test('the event that is named is refused, the others come again', async () => {
    expect(await send(event() + event({ event: {} }) + event())).toEqual({
      status: 'items',
      rejected: [{ index: 1, httpStatus: 400, error: '13: Event field cannot be blank' }],
      retry: [0, 2],
      reason: 'protocol',
    });
    expect(await send(event({ event: {} }))).toMatchObject({ status: 'rejected', httpStatus: 400 });
  });

  test('a page of somebody else is no success', async () => {
    peer.handle((_request, response) => response.writeHead(200).end('<html>'));
    expect(await send(event())).toMatchObject({ status: 'retryable', reason: 'protocol' });
  });

  test('the document stands in the event, the time beside it', () => {
    const members = { sourcetype: 'kube', index: 'main' };
    for (const facts of [factsOf(), factsOf({ path: undefined })]) {
      const { head, stdout, stdoutBare, afterMessage, beforeOffset, tails } = splunkShape(facts, members, 'ecs');
      for (const [opening, end] of [
        [stdout, afterMessage],
        [stdoutBare, Buffer.alloc(0)],
      ] as const) {
        for (const tail of tails) {
          const parts = [head, Buffer.from('1763697600.000000001'), opening, end, Buffer.from(',"a":1'), beforeOffset];
          const line = Buffer.concat([...parts, Buffer.from('7'), tail]).toString();
          expect(line.endsWith('\n')).toBe(true);
          const record = v.parse(eventSchema, JSON.parse(line));
          expect(record).toMatchObject({ host: 'node-1', index: 'main', sourcetype: 'kube', time: 1763697600 });
          expect(record.event).toMatchObject({ a: 1, log: { offset: 7 }, kubernetes: { namespace: 'shop' } });
        }
      }
    }
  });
});
