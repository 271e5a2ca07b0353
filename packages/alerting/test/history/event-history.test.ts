import { FakeClock } from '@vigie/core/fake-clock';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { fastify } from 'fastify';
import { describe, expect, it } from 'vitest';
import { EventHistory } from '../../src/history/event-history.ts';
import type { AlertEvent, HistoryEvent, SendEvent } from '../../src/history/history-event.ts';
import { historyApi } from '../../src/history/history-plugin.ts';
import { fingerprintOf } from '../../src/identity/fingerprint.ts';

const NOW = Date.UTC(2026, 10, 29, 10);

function created(name: string, timeMs = NOW): AlertEvent {
  const labels = LabelSet.of({ alertname: name, severity: 'page' });
  return {
    kind: 'created',
    timeMs,
    fingerprint: fingerprintOf(labels),
    labels,
    annotations: LabelSet.of({ a: '<b>' }),
  };
}

function pending(name: string): HistoryEvent {
  const { fingerprint, labels } = created(name);
  return { kind: 'pending', timeMs: NOW, fingerprint, labels };
}

const SLOW = created('Slow');
const SENT: SendEvent = {
  ...{ kind: 'sent', timeMs: NOW + 1000, receiver: 'pager', integration: 'pager/webhook/0', problem: '' },
  ...{ groupKey: '{}:{alertname="Slow"}', groupLabels: LabelSet.of({ alertname: 'Slow' }) },
  ...{ reason: 'first notification', firing: [SLOW.fingerprint], resolved: [], attempt: 2, latencyMs: 12.4 },
};
const FAILED: SendEvent = { ...SENT, kind: 'failed', timeMs: NOW + 500, attempt: 1, problem: 'status 503' };
const MUTED: HistoryEvent = {
  ...{ kind: 'muted', timeMs: NOW + 2000, fingerprint: SLOW.fingerprint, labels: SLOW.labels },
  ...{ receiver: 'shop', by: 'silence', cause: '0001' },
};

async function bed(...events: readonly HistoryEvent[]) {
  const history = new EventHistory();
  for (const event of events) history.record(event);
  const app = fastify();
  await app.register(historyApi(history, new FakeClock(NOW), () => 'one'));
  const get = async (query: string): Promise<{ readonly status: number; readonly text: string }> => {
    const { statusCode, body } = await app.inject(`/history${query}`);
    return { status: statusCode, text: body };
  };
  return { history, get };
}

describe('GET /history', () => {
  it('tells what has happened, newest first', async () => {
    const { get } = await bed(SLOW, FAILED, SENT, MUTED);
    const group =
      '"groupKey":"{}:{alertname=\\"Slow\\"}","groupLabels":{"alertname":"Slow"},"reason":"first notification"';
    const told = `"firing":["${SLOW.fingerprint}"],"resolved":[]`;
    const labels = '"labels":{"alertname":"Slow","severity":"page"}';
    expect(await get('')).toEqual({
      status: 200,
      text: `{"events":[{"sequence":4,"time":"2026-11-29T10:00:02.000Z","kind":"muted","fingerprint":"${SLOW.fingerprint}",${labels},"receiver":"shop","by":"silence","cause":"0001"},{"sequence":3,"time":"2026-11-29T10:00:01.000Z","kind":"sent","receiver":"pager","integration":"pager/webhook/0",${group},${told},"attempt":2,"latencyMs":12},{"sequence":2,"time":"2026-11-29T10:00:00.500Z","kind":"failed","receiver":"pager","integration":"pager/webhook/0",${group},${told},"attempt":1,"latencyMs":12,"problem":"status 503"},{"sequence":1,"time":"2026-11-29T10:00:00.000Z","kind":"created","fingerprint":"${SLOW.fingerprint}",${labels},"annotations":{"a":"\\u003cb\\u003e"}}]}\n`,
    });
  });

  it('tells of what comes before anybody is told, and what was sent and answered', async () => {
    const { fingerprint, labels } = SLOW;
    const of = `"fingerprint":"${fingerprint}","labels":{"alertname":"Slow","severity":"page"}`;
    const { groupKey, groupLabels } = SENT;
    const { get } = await bed(
      pending('Slow'),
      { ...SLOW, startsAtMs: NOW - 1000, endsAtMs: NOW + 60_000 },
      { kind: 'grouped', timeMs: NOW, fingerprint, labels, receiver: 'pager', groupKey, groupLabels },
      { ...SENT, status: 202, bodySha256: 'ab' },
      { kind: 'lapsed', timeMs: NOW, fingerprint, labels },
    );
    const { text } = await get('?kind=pending&kind=lapsed&kind=grouped');
    const at = '"time":"2026-11-29T10:00:00.000Z"';
    const group = '"receiver":"pager","groupKey":"{}:{alertname=\\"Slow\\"}","groupLabels":{"alertname":"Slow"}';
    expect(text).toBe(
      `{"events":[{"sequence":5,${at},"kind":"lapsed",${of}},{"sequence":3,${at},"kind":"grouped",${of},${group}},{"sequence":1,${at},"kind":"pending",${of}}]}\n`,
    );
    expect((await get('?kind=sent')).text).toContain('"latencyMs":12,"status":202,"bodySha256":"ab"}');
    const times = '"startsAt":"2026-11-29T09:59:59.000Z","endsAt":"2026-11-29T10:01:00.000Z"';
    expect((await get('?kind=created')).text).toContain(`"annotations":{"a":"\\u003cb\\u003e"},${times}}`);
    expect(sequencesIn((await get('?filter=severity%3Dpage&kind=grouped')).text).events).toEqual([3]);
    expect(sequencesIn((await get('?receiver=pager')).text).events).toEqual([4, 3]);
  });

  it.each([
    ['?kind=sent&kind=failed', [3, 2]],
    ['?filter=alertname%3DSlow&kind=created', [1]],
    ['?filter=alertname!%3DSlow', [5]],
    ['?receiver=shop', [4]],
    [`?fingerprint=${SLOW.fingerprint}`, [4, 3, 2, 1]],
    ['?from=2026-11-29T10:00:01Z&to=2026-11-29T10:00:02Z', [4, 3]],
    ['?limit=2&next_token=4', [3, 2]],
    ['?fingerprint=0', []],
  ])('with %s has the events asked for', async (query, sequences) => {
    const { get } = await bed(SLOW, FAILED, SENT, MUTED, created('Full', NOW + 9000));
    expect(sequencesIn((await get(query)).text).events).toEqual(sequences);
  });

  it('comes in pages, of which new events move no other', async () => {
    const { get, history } = await bed(...Array.from({ length: 25 }, (_, index) => created(`A${index}`)));
    const pages: number[][] = [];
    for (let query = '?limit=10'; ; ) {
      const { events, nextToken } = sequencesIn((await get(query)).text);
      pages.push(events);
      history.record(created('more'));
      if (nextToken === undefined) break;
      query = `?limit=10&next_token=${nextToken}`;
    }
    expect(pages.map((page) => [page[0], page.at(-1)])).toEqual([
      [25, 16],
      [15, 6],
      [5, 1],
    ]);
  });

  it.each([
    [
      '?kind=x',
      'kind: expected created, changed, resolved, muted, sent, failed, acknowledged, reopened, escalated, ended, silenced, unsilenced, pending, lapsed, grouped, got x',
    ],
    ['?from=x', 'from: expected 2026-11-29T10:00:00Z or Unix seconds, got x'],
    ['?limit=0', 'limit: expected a whole number above 0, got 0'],
    ['?filter=%7B', 'unexpected open or close brace: {'],
  ])('refuses %s', async (query, error) => {
    const { get } = await bed();
    const { status, text } = await get(query);
    expect([status, JSON.parse(text)]).toEqual([400, { error: expect.stringContaining(error) }]);
  });
});

describe('a history that is full', () => {
  it('forgets the oldest, by number and by size, and counts them', () => {
    const history = new EventHistory({ events: 3000, length: 1_000_000 });
    for (let index = 0; index < 10_000; index++) history.record(created(`A${index}`, NOW + index));
    expect([history.size, history.lastForgotten]).toEqual([3000, 7000]);
    const all = { kinds: undefined, matchers: [], fingerprint: undefined, receiver: undefined, limit: 1e9 };
    const page = history.query({ ...all, fromMs: -Infinity, toMs: Infinity, before: Infinity });
    expect([page.events.length, page.events[0]?.sequence, page.events.at(-1)?.sequence]).toEqual([3000, 10_000, 7001]);
    for (const { sequence, event } of page.events) expect(event.timeMs).toBe(NOW + sequence - 1);
    history.record(created('x'.repeat(2_000_000)));
    expect([history.size, history.lastForgotten]).toEqual([1, 10_000]);
  });

  it('does not forget what was told for alerts that are pending, however many these are', () => {
    const history = new EventHistory({ events: 10, length: 10_000 }, { events: 100, length: 1_000_000 });
    history.record(SENT);
    for (let index = 0; index < 100_000; index++) history.record(pending(`A${index}`));
    history.record(FAILED);
    expect([history.size, history.lastForgotten]).toEqual([102, 99_901]);
    const all = { kinds: undefined, matchers: [], fingerprint: undefined, receiver: undefined, limit: 1e9 };
    const { events } = history.query({ ...all, fromMs: -Infinity, toMs: Infinity, before: Infinity });
    const sequences = events.map(({ sequence }) => sequence);
    expect(sequences).toEqual([...Array.from({ length: 101 }, (_, index) => 100_002 - index), 1]);
    const page = history.query({ ...all, fromMs: -Infinity, toMs: Infinity, before: 99_903, limit: 1 });
    expect([page.events.map(({ sequence }) => sequence), page.isCut]).toEqual([[99_902], true]);
  });
});

function sequencesIn(text: string): { readonly events: number[]; readonly nextToken: string | undefined } {
  const { events, nextToken } = JSON.parse(text) as { events: { sequence: number }[]; nextToken?: string };
  return { events: events.map(({ sequence }) => sequence), nextToken };
}
