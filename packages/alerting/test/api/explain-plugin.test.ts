import { FakeClock } from '@vigie/core/fake-clock';
import { fastify } from 'fastify';
import { expect, it, onTestFinished } from 'vitest';
import { explainApi } from '../../src/api/explain-plugin.ts';
import { parseAlertmanagerConfig } from '../../src/config/load-config.ts';
import { apiOver, CONFIG, MemoryWorld } from './world.ts';

const NOW = Date.UTC(2026, 10, 29, 10);

async function bed() {
  const world = new MemoryWorld(CONFIG, new FakeClock(NOW));
  const { app } = await apiOver(world, '/alertmanager');
  const post = (path: string, body: unknown) =>
    app.inject({
      method: 'POST',
      url: `/alertmanager/api/v2/${path}`,
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify(body),
    });
  const explain = async (query: string) => {
    const { statusCode, body } = await app.inject(`/alertmanager/explain?${query}`);
    return { status: statusCode, text: body };
  };
  return { post, explain };
}

const SLOW = 'label=alertname%3DSlow&label=severity%3Dpage&label=team%3Dshop&label=node%3Dn1';

it('says who is told of an alert, and each decision', async () => {
  const { explain } = await bed();
  const { status, text } = await explain(SLOW);
  expect(status).toBe(200);
  expect(JSON.parse(text)).toMatchObject({
    labels: { alertname: 'Slow', severity: 'page', team: 'shop', node: 'n1' },
    fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
    time: '2026-11-29T10:00:00.000Z',
    told: ['pager'],
    route: {
      receiver: 'mail',
      decision: { kind: 'passed' },
      routes: [
        { place: 'route.routes[0]', matchers: '{severity="page"}', continue: true, decision: { kind: 'told' } },
        { receiver: 'shop', decision: { kind: 'told' } },
      ],
    },
    notifications: [
      {
        receiver: 'pager',
        integrations: ['webhook'],
        groupKey: '{}/{severity="page"}:{alertname="Slow"}',
        groupWaitSeconds: 30,
      },
      { receiver: 'shop', isOpen: false, mutedBy: ['always'] },
    ],
    inhibitions: [{ index: 0, equal: { node: 'n1' }, inhibitedBy: null }],
    silences: [],
  });
});

it('says of groups that there are when they are told next', async () => {
  const world = new MemoryWorld(CONFIG, new FakeClock(NOW));
  const app = fastify();
  onTestFinished(() => app.close());
  const live = { flushMs: NOW + 60_000, repeatMs: NOW + 3_600_000, page: undefined };
  const config = parseAlertmanagerConfig(CONFIG, 'alertmanager.yml');
  await app.register(
    explainApi(
      world,
      () => config,
      (id) => (id.includes('page') ? live : undefined),
    ),
  );
  const { notifications } = JSON.parse((await app.inject(`/explain?${SLOW}`)).body);
  expect(notifications).toMatchObject([
    { receiver: 'pager', nextFlush: '2026-11-29T10:01:00.000Z', nextRepeat: '2026-11-29T11:00:00.000Z', page: null },
    { receiver: 'shop', nextFlush: null, nextRepeat: null },
  ]);
  expect((await app.inject(`/explain?${SLOW}&format=text`)).body).toMatch(
    /\ngroups\n {2}\{\}\/\{severity="page"\}:\{alertname="Slow"\} is told next at 2026-11-29T10:01:00\.000Z, of what goes on at 2026-11-29T11:00:00\.000Z\n$/,
  );
});

it('knows what fires and what is silenced at that time', async () => {
  const { explain, post } = await bed();
  await post('alerts', [
    { labels: { alertname: 'NodeDown', node: 'n1' }, startsAt: '2026-11-29T09:00:00Z', endsAt: '2026-11-29T10:05:00Z' },
  ]);
  const inhibited = JSON.parse((await explain(SLOW)).text);
  expect(inhibited).toMatchObject({ told: [], inhibitions: [{ inhibitedBy: { alertname: 'NodeDown', node: 'n1' } }] });
  await post('silences', {
    matchers: [{ name: 'team', value: 'shop', isRegex: false }],
    startsAt: '2026-11-29T11:00:00Z',
    endsAt: '2026-11-29T12:00:00Z',
    createdBy: 'me',
    comment: 'deploy',
  });
  const later = JSON.parse((await explain(`${SLOW}&time=2026-11-29T11:30:00Z`)).text);
  expect(later).toMatchObject({
    told: [],
    inhibitions: [{ inhibitedBy: null }],
    silences: [{ createdBy: 'me', comment: 'deploy', endsAt: '2026-11-29T12:00:00.000Z', matchers: ['{team="shop"}'] }],
  });
  const { text } = await explain(`${SLOW}&time=2026-11-29T11:30:00Z&format=text`);
  expect(text).toMatch(/^receiver pager$/m);
  expect(text).toMatch(/^ {2}\S+ \{team="shop"\} until 2026-11-29T12:00:00\.000Z, by me: deploy$/m);
});

it.each([
  ['', 'label: expected the labels of an alert, NAME=VALUE each'],
  ['label=a!%3Db', 'label: a!="b" is no label: write NAME=VALUE'],
  ['label=%7B', 'label: unexpected open or close brace: {'],
  ['label=a%3Db&time=soon', 'time: expected 2026-11-29T10:00:00Z or Unix seconds'],
])('refuses %j', async (query, error) => {
  const { explain } = await bed();
  const { status, text } = await explain(query);
  expect([status, JSON.parse(text)]).toEqual([400, { error }]);
});
