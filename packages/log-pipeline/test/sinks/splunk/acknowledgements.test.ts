import { FakeClock } from '@vigie/core/fake-clock';
import { seededRandom } from '@vigie/core/random';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Exchange } from '../../../src/sinks/http-client/exchange.ts';
import type { SendOutcome } from '../../../src/sinks/sink.ts';
import { Acknowledgements, type Channel } from '../../../src/sinks/splunk/acknowledgements.ts';
import { neverAborted } from '../sink-deps.ts';

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/;

const answered = (httpStatus: number, body: object): Exchange => ({
  status: 'answered',
  httpStatus,
  headers: {},
  body: Buffer.from(JSON.stringify(body)),
});
const states = (acks: Readonly<Record<number, boolean>>): Exchange => answered(200, { acks });
const failed: Exchange = { status: 'failed', reason: 'network', detail: 'ECONNREFUSED', connected: false };

let clock = new FakeClock();
let queries: { readonly channel: string; readonly ids: readonly number[] }[] = [];
let answer: Exchange = states({});
let acknowledgements: Acknowledgements;
beforeEach(() => {
  clock = new FakeClock();
  queries = [];
  answer = states({});
  acknowledgements = new Acknowledgements({
    clock,
    random: seededRandom(3),
    timeoutMs: 5000,
    query: (channel, ids) => {
      queries.push({ channel: channel.id, ids });
      return Promise.resolve(answer);
    },
  });
});

/** What has become of a request, in time. */
function request(id: number, channel: Channel = acknowledgements.channel, signal = neverAborted()) {
  const state: { outcome?: SendOutcome; error?: unknown } = {};
  acknowledgements.wait(channel, id, signal).then(
    (outcome) => {
      state.outcome = outcome;
    },
    (error: unknown) => {
      state.error = error;
    },
  );
  return state;
}

describe('indexer acknowledgement', () => {
  test('accepts a request when its identifier is true, and asks for no other than what is pending', async () => {
    const [first, second] = [request(0), request(1)];
    answer = states({ 0: false, 1: true, 7: true });
    await clock.advance(1000);
    expect([first.outcome, second.outcome]).toEqual([undefined, { status: 'accepted' }]);
    answer = states({ 0: true });
    await clock.advance(1000);
    expect(first.outcome).toEqual({ status: 'accepted' });
    await clock.advance(10_000);
    const { id } = acknowledgements.channel;
    expect(id).toMatch(GUID);
    expect(queries).toEqual([
      { channel: id, ids: [0, 1] },
      { channel: id, ids: [0] },
    ]);
  });

  test('asks one query a second, whoever comes meanwhile', async () => {
    request(0);
    await clock.advance(500);
    request(1);
    await clock.advance(2500);
    expect(queries.map(({ ids }) => ids)).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
    ]);
  });

  test('has a request sent again that the indexers do not have in time', async () => {
    const pending = request(0);
    await clock.advance(4000);
    expect(pending.outcome).toBeUndefined();
    await clock.advance(1000);
    expect(pending.outcome).toMatchObject({ status: 'retryable', detail: expect.stringContaining('5000 ms') });
  });

  test.each([
    ['fails', failed],
    ['is answered by a gateway', answered(502, {})],
    ['is answered by a collector that ends', answered(503, { text: 'Server is shutting down', code: 23 })],
  ])('counts on nothing that was promised before a query that %s: another channel begins', async (_what, result) => {
    const before = acknowledgements.channel;
    const pending = request(5, before);
    answer = result;
    await clock.advance(1000);
    expect(pending.outcome).toMatchObject({ status: 'retryable' });
    expect(acknowledgements.channel.id).not.toBe(before.id);
    // One that was on its way meanwhile.
    const late = request(6, before);
    await clock.advance(0);
    expect(late.outcome).toMatchObject({ status: 'retryable' });
    expect(queries).toHaveLength(1);
  });

  test('takes an identifier that is given twice for a collector that counts anew', async () => {
    const before = acknowledgements.channel;
    const [old, again] = [request(0), request(0)];
    await clock.advance(0);
    expect([old.outcome, again.outcome]).toMatchObject([{ status: 'retryable' }, { status: 'retryable' }]);
    expect(acknowledgements.channel).not.toBe(before);
  });

  test('goes on asking a collector that is busy or not understood', async () => {
    const pending = request(0);
    for (const result of [answered(503, { text: 'Server is busy', code: 9 }), answered(429, {}), answered(200, [])]) {
      answer = result;
      await clock.advance(1000);
    }
    expect(pending.outcome).toBeUndefined();
    answer = states({ 0: true });
    await clock.advance(1000);
    expect(pending.outcome).toEqual({ status: 'accepted' });
  });

  test('holds where the collector refuses to be asked', async () => {
    const pending = request(0);
    answer = answered(400, { text: 'ACK is disabled', code: 14 });
    await clock.advance(1000);
    expect(pending.outcome).toMatchObject({ status: 'held', reason: 'endpoint' });
  });

  test('ends a wait with its signal, and all queries with the sink', async () => {
    const ending = new AbortController();
    const pending = request(0, acknowledgements.channel, ending.signal);
    const other = request(1);
    ending.abort(new Error('given up'));
    await clock.advance(1000);
    expect(pending.error).toEqual(new Error('given up'));
    expect(queries).toEqual([{ channel: acknowledgements.channel.id, ids: [1] }]);
    acknowledgements.close();
    await clock.advance(10_000);
    expect(queries).toHaveLength(1);
    expect(other).toEqual({});
  });
});
