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
function collector(busy = false, more: () => object = () => ({})): PeerHandler {
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
    return answer(200, 0, 'Success', more());
  };
}

/** A collector whose token has indexer acknowledgement: an identifier is true from the second query on, and forgotten then. */
function acknowledgingCollector(): PeerHandler {
  const channels = new Map<string, { readonly asked: Map<number, number>; next: number }>();
  return (request, response) => {
    const answer = (httpStatus: number, body: object): void => {
      response.writeHead(httpStatus, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const id = request.headers['x-splunk-request-channel'];
    if (typeof id !== 'string') return answer(400, { text: 'Data channel is missing', code: 10 });
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id))
      return answer(400, { text: 'Invalid data channel', code: 11 });
    const channel = channels.get(id) ?? { asked: new Map<number, number>(), next: 0 };
    channels.set(id, channel);
    if (request.url === '/services/collector/ack') {
      const { acks } = v.parse(v.strictObject({ acks: v.array(v.number()) }), JSON.parse(request.body));
      const states = acks.map((ack): [string, boolean] => {
        const times = channel.asked.get(ack);
        if (times !== undefined) channel.asked.set(ack, times + 1);
        if (times === 1) channel.asked.delete(ack);
        return [String(ack), times === 1];
      });
      return answer(200, { acks: Object.fromEntries(states) });
    }
    return collector(false, () => {
      const ackId = channel.next++;
      channel.asked.set(ackId, 0);
      return { ackId };
    })(request, response);
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

  test('with ack, a request is accepted when the indexers have it', async () => {
    peer.handle(acknowledgingCollector());
    const config = { type: 'splunk_hec', inputs: ['pods'], endpoints: [peer.url.origin], token: TOKEN, ack: true };
    const sink = new SplunkSink('splunk', v.parse(splunkSchema, config), recordedDeps());
    await sink.start();
    const sends = [event(), event()].map((body) => sink.send(Buffer.from(body), 1, neverAborted()));
    expect(await Promise.all(sends)).toEqual([{ status: 'accepted' }, { status: 'accepted' }]);
    await sink.close();
    const asked = peer.requests.flatMap(({ url, body }) =>
      url === '/services/collector/ack' ? [JSON.parse(body)] : [],
    );
    expect(asked).toEqual([{ acks: [0, 1] }, { acks: [0, 1] }]);
    expect(new Set(peer.requests.map(({ headers }) => headers['x-splunk-request-channel'])).size).toBe(1);
  });

  test('with ack, a token without acknowledgement holds, and so does one with it without ack', async () => {
    expect(await send(event(), { ack: true })).toMatchObject({ status: 'held', reason: 'endpoint' });
    peer.handle(acknowledgingCollector());
    expect(await send(event())).toMatchObject({ status: 'held', detail: '10: Data channel is missing' });
  });

  test('with ack, there is one endpoint', () => {
    const config = {
      type: 'splunk_hec',
      inputs: ['pods'],
      endpoints: ['http://a:1', 'http://b:1'],
      token: TOKEN,
      ack: true,
    };
    expect(v.safeParse(splunkSchema, config).issues?.[0]?.message).toBe('with ack, one endpoint');
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
