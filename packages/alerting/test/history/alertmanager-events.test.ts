/** Against what protojson makes of the schemas of Alertmanager's event recorder: names, enums, numbers of 64 bits as text, and nothing where a value is
 *  the default. That Alertmanager itself reads it is in test/real. */
import { FakeClock } from '@vigie/core/fake-clock';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { fastify } from 'fastify';
import { describe, expect, it } from 'vitest';
import { EventHistory } from '../../src/history/event-history.ts';
import type { AlertEvent, HistoryEvent, SendEvent } from '../../src/history/history-event.ts';
import { historyApi } from '../../src/history/history-plugin.ts';
import { dedupKeyOf } from '../../src/identity/group-key.ts';

const NOW = Date.UTC(2026, 10, 29, 10);
const LABELS = LabelSet.of({ alertname: 'Slow', job: 'web' });
const GROUP = { receiver: 'pager', groupKey: '{}:{alertname="Slow"}', groupLabels: LabelSet.of({ alertname: 'Slow' }) };
const FINGERPRINT = '3fff0000deadbc61';
const CREATED: AlertEvent = {
  ...{ kind: 'created', timeMs: NOW, fingerprint: FINGERPRINT, labels: LABELS },
  ...{ annotations: LabelSet.of({ summary: '<slow>' }), startsAtMs: NOW - 1000, endsAtMs: NOW + 240_500 },
};
const SENT: HistoryEvent = {
  ...{ kind: 'sent', timeMs: NOW + 2000, ...GROUP, integration: 'pager/webhook/1', reason: 'first notification' },
  ...{ firing: [FINGERPRINT], resolved: [], attempt: 1, latencyMs: 3, problem: '', status: 200 },
  ...{ flushAtMs: NOW + 1999, repeatIntervalMs: 4 * 3_600_000 },
};

const ALERT = {
  fingerprint: String(BigInt(`0x${FINGERPRINT}`)),
  name: 'Slow',
  labels: { alertname: 'Slow', job: 'web' },
  annotations: { summary: '<slow>' },
  startsAt: '2026-11-29T09:59:59Z',
  endsAt: '2026-11-29T10:04:00.500Z',
};
const INFO = {
  groupKey: GROUP.groupKey,
  groupLabels: { alertname: 'Slow' },
  groupId: dedupKeyOf(GROUP.groupKey),
  receiverName: 'pager',
};

async function exported(events: readonly HistoryEvent[], query = '', format = 'alertmanager-v2') {
  const history = new EventHistory();
  for (const event of events) history.record(event);
  const app = fastify();
  await app.register(historyApi(history, new FakeClock(NOW), () => 'one'));
  const { statusCode, headers, body } = await app.inject(`/history?format=${format}${query}`);
  const lines = body.split('\n').slice(0, -1);
  return { statusCode, headers, lines: lines.map((line): unknown => JSON.parse(line)), text: body };
}

/** Of one event behind others. */
async function dataOf(event: HistoryEvent, before: readonly HistoryEvent[] = []): Promise<unknown> {
  return Object((await exported([...before, event], '&limit=1')).lines[0]).data;
}

describe('GET /history?format=alertmanager-v2', () => {
  it('has a line for each event, newest first', async () => {
    const { headers, text, lines } = await exported([CREATED, SENT]);
    expect(headers['content-type']).toBe('application/x-ndjson');
    expect(text).toMatch(/^\{"@timestamp":"2026-11-29T10:00:02Z","instance":"one","data":\{"notification":/);
    expect(text.endsWith('}\n')).toBe(true);
    expect(lines[1]).toEqual({
      '@timestamp': '2026-11-29T10:00:00Z',
      instance: 'one',
      data: { alertCreated: { alert: ALERT } },
    });
  });

  it('tells of a notification with its alerts as they were then', async () => {
    const later: HistoryEvent = { ...CREATED, kind: 'changed', timeMs: NOW + 3000, annotations: LabelSet.empty };
    const { lines } = await exported([CREATED, SENT, later]);
    expect(lines[0]).toMatchObject({
      data: {
        notification: {
          alerts: [ALERT],
          firingAlerts: [ALERT],
          groupInfo: INFO,
          reason: 'NOTIFY_REASON_FIRST_NOTIFICATION',
          repeatInterval: '14400s',
          flushId: String(NOW + 1999),
          integration: { name: 'webhook', index: '1' },
        },
      },
    });
  });

  it('has neither flush nor interval of a notification of before they were kept', async () => {
    const { flushAtMs: _, repeatIntervalMs: __, ...old } = SENT as SendEvent;
    const { notification } = Object(await dataOf(old));
    expect(Object.keys(notification)).toEqual(['alerts', 'firingAlerts', 'groupInfo', 'reason', 'integration']);
    const short: HistoryEvent = { ...old, repeatIntervalMs: 90_500 };
    expect(await dataOf(short)).toMatchObject({ notification: { repeatInterval: '90.500s' } });
  });

  it.each([
    ['{}/{job!~"x.*",team="a} / {b\\"c\\n"}:{alertname="Slow"}', ['job!~"x.*"', 'team="a} / {b\\"c\\n"']],
    ['{}/{team="a"}/{}:{alertname="Slow"}', undefined],
    ['{}/{team="a"}:{alertname="Another"}', undefined],
  ])('has the matchers of the route itself, which is in the key of its groups: %s', async (groupKey, rendered) => {
    const { matchers } = Object(await dataOf({ ...SENT, groupKey } as HistoryEvent)).notification.groupInfo;
    expect(matchers?.map((matcher: unknown) => Object(matcher).rendered)).toEqual(rendered);
  });

  it('tells of the end of an alert, and of who was told of it', async () => {
    const ended: AlertEvent = { ...CREATED, kind: 'resolved', timeMs: NOW + 5000, endsAtMs: NOW + 5000 };
    const resolved = { ...ALERT, endsAt: '2026-11-29T10:00:05Z', resolved: true };
    expect(await dataOf(ended)).toEqual({ alertResolved: { alert: resolved } });
    const all = { ...SENT, reason: 'all alerts resolved', integration: 'pager/email/0' } as const;
    expect(await dataOf({ ...all, firing: [], resolved: [FINGERPRINT] }, [CREATED, ended])).toEqual({
      notification: {
        alerts: [resolved],
        resolvedAlerts: [resolved],
        groupInfo: INFO,
        reason: 'NOTIFY_REASON_ALL_ALERTS_RESOLVED',
        repeatInterval: '14400s',
        flushId: String(NOW + 1999),
        integration: { name: 'email' },
      },
    });
  });

  it('tells of an alert in its group, and knows one that it has forgotten by its fingerprint', async () => {
    const grouped: HistoryEvent = { kind: 'grouped', timeMs: NOW, fingerprint: FINGERPRINT, labels: LABELS, ...GROUP };
    expect(await dataOf(grouped, [CREATED])).toEqual({ alertGrouped: { alert: ALERT, groupInfo: INFO } });
    const { fingerprint, name, labels } = ALERT;
    expect(await dataOf(grouped)).toEqual({ alertGrouped: { alert: { fingerprint, name, labels }, groupInfo: INFO } });
    expect(await dataOf(SENT)).toMatchObject({ notification: { alerts: [{ fingerprint }] } });
  });

  it('tells of silences, and of what they mute', async () => {
    const silenced: HistoryEvent = {
      ...{ kind: 'silenced', timeMs: NOW + 500, silence: 'id', by: 'ann', cause: 'work' },
      ...{ matchers: '{alertname="a} or {\\"b",job!~"x.*"} or {job=""}', startsAtMs: NOW, endsAtMs: NOW + 60_000 },
    };
    const first = [
      { type: 'TYPE_EQUAL', name: 'alertname', pattern: 'a} or {"b', rendered: 'alertname="a} or {\\"b"' },
      { type: 'TYPE_NOT_REGEXP', name: 'job', pattern: 'x.*', rendered: 'job!~"x.*"' },
    ];
    const second = [{ type: 'TYPE_EQUAL', name: 'job', rendered: 'job=""' }];
    const silence = {
      id: 'id',
      matchers: first,
      startsAt: '2026-11-29T10:00:00Z',
      endsAt: '2026-11-29T10:01:00Z',
      updatedAt: '2026-11-29T10:00:00.500Z',
      createdBy: 'ann',
      comment: 'work',
      matcherSets: [{ matchers: first }, { matchers: second }],
    };
    expect(await dataOf(silenced)).toEqual({ silenceCreated: { silence } });
    expect(await dataOf({ ...silenced, isChange: true })).toEqual({ silenceUpdated: { silence } });
    const [updatedAt, endsAt] = ['2026-11-29T10:00:09Z', '2026-11-29T10:00:09Z'];
    const ended = { kind: 'unsilenced', timeMs: NOW + 9000, cause: 'over', endsAtMs: NOW + 9000 } as const;
    expect(await dataOf({ ...silenced, ...ended }, [silenced])).toEqual({
      silenceUpdated: { silence: { ...silence, updatedAt, endsAt } },
    });
    const muted = {
      kind: 'muted',
      timeMs: NOW + 600,
      fingerprint: FINGERPRINT,
      labels: LABELS,
      receiver: 'a',
    } as const;
    const mutedAlert = { labels: ALERT.labels, fingerprint: ALERT.fingerprint };
    expect(await dataOf({ ...muted, by: 'silence', cause: 'id' }, [silenced])).toEqual({
      silenceMutedAlert: { silence, mutedAlert },
    });
    expect(await dataOf({ ...muted, by: 'silence', cause: 'id' })).toEqual({
      silenceMutedAlert: { silence: { id: 'id' }, mutedAlert },
    });
    expect(await dataOf({ ...muted, by: 'inhibition', cause: 'ffffffffffffffff' })).toEqual({
      inhibitionMutedAlert: { mutedAlert, inhibitingFingerprints: ['18446744073709551615'] },
    });
    const rule = {
      name: 'nodes',
      source: '{job=""}',
      target: '{alertname="a} or {\\"b",job!~"x.*"}',
      equal: ['b', 'a'],
    };
    const inhibited: HistoryEvent = { ...muted, by: 'inhibition', cause: 'f', rule };
    const inhibitRule = { sourceMatchers: second, targetMatchers: first, equalLabels: ['a', 'b'] };
    expect(await dataOf(inhibited)).toEqual({
      inhibitionMutedAlert: {
        inhibitRules: [{ ...inhibitRule, name: 'nodes' }],
        mutedAlert,
        inhibitingFingerprints: ['15'],
      },
    });
    expect((await exported([inhibited], '', 'alertmanager')).lines).toMatchObject([
      { data: { inhibitionMutedAlert: { inhibitRules: [inhibitRule] } } },
    ]);
    expect((await exported([inhibited], '', 'alertmanager')).text).not.toContain('nodes');
    const annotations = LabelSet.of({ vigie_until: 'resolved' });
    expect(await dataOf({ ...silenced, annotations })).toEqual({
      silenceCreated: { silence: { ...silence, annotations: { vigie_until: 'resolved' } } },
    });
  });

  it('has nothing of what has no message there', async () => {
    const page = { timeMs: NOW, ...GROUP, by: 'ann', cause: '', firing: [FINGERPRINT] };
    const of = { timeMs: NOW, fingerprint: FINGERPRINT, labels: LABELS };
    const { lines } = await exported([
      { kind: 'pending', ...of },
      { kind: 'lapsed', ...of },
      { ...CREATED, kind: 'changed' },
      { ...SENT, kind: 'failed' },
      { kind: 'muted', ...of, receiver: 'a', by: 'time_interval', cause: 'nights' },
      ...(['acknowledged', 'reopened', 'escalated', 'ended'] as const).map((kind) => ({ kind, ...page })),
    ]);
    expect(lines).toEqual([]);
    expect((await exported([CREATED], '&kind=failed')).text).toBe('');
  });

  it('comes in pages, the next by a header', async () => {
    const events = Array.from({ length: 5 }, (_, index) => ({ ...CREATED, timeMs: NOW + 1000 * index }));
    const { lines, headers } = await exported(events, '&limit=2');
    expect(lines).toMatchObject([{ '@timestamp': '2026-11-29T10:00:04Z' }, { '@timestamp': '2026-11-29T10:00:03Z' }]);
    expect(headers['x-vigie-next-token']).toBe('4');
    const last = await exported(events, '&limit=3&next_token=4');
    expect([last.lines.length, last.headers['x-vigie-next-token']]).toEqual([3, undefined]);
  });

  it('is refused in a form that is none', async () => {
    const app = fastify();
    await app.register(historyApi(new EventHistory(), new FakeClock(NOW), () => 'one'));
    const { statusCode: refused, body } = await app.inject('/history?format=csv');
    expect([refused, JSON.parse(body)]).toEqual([
      400,
      { error: 'format: expected json, alertmanager, alertmanager-v2, got csv' },
    ]);
  });
});

it('lists labels, and has details of the alerts of groups, in the schema of Alertmanager 0.34', async () => {
  const { lines } = await exported([CREATED, SENT], '', 'alertmanager');
  const labels = {
    labels: [
      { key: 'alertname', value: 'Slow' },
      { key: 'job', value: 'web' },
    ],
  };
  const alert = { ...ALERT, labels, annotations: { labels: [{ key: 'summary', value: '<slow>' }] } };
  expect(lines.map((line) => Object(line).data)).toEqual([
    {
      notification: {
        alerts: [{ details: alert }],
        firingAlerts: [{ details: alert }],
        groupInfo: { ...INFO, groupLabels: { labels: [{ key: 'alertname', value: 'Slow' }] } },
        reason: 'NOTIFY_REASON_FIRST_NOTIFICATION',
        repeatInterval: '14400s',
        flushId: String(NOW + 1999),
        integration: { name: 'webhook', index: '1' },
      },
    },
    { alertCreated: { alert } },
  ]);
});
