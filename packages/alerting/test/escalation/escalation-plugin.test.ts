/** `/escalation` over an engine on a fake clock. */
import { fastify } from 'fastify';
import { describe, expect, it } from 'vitest';
import { escalationApi, pageText } from '../../src/escalation/escalation-plugin.ts';
import { HOOK, Lab, MINUTE } from '../lab.ts';

const CONFIG = `receivers: [{ name: a, ${HOOK} }, { name: lead, ${HOOK} }]
route: { receiver: a, group_by: [alertname], group_wait: 1m, group_interval: 5m, repeat_interval: 12m }
`;
const STEPS = [{ afterMs: 10 * MINUTE, receiver: 'lead' }];

async function bed() {
  const a = { fallback: undefined, rateLimit: undefined, escalation: STEPS };
  const lab = await new Lab(CONFIG, { receivers: { a } }).start();
  const app = fastify();
  await app.register(
    escalationApi({
      clock: lab.clock,
      stepsOf: () => STEPS,
      pages: () => lab.engine.escalations.pages.values(),
      acknowledge: (selects, by) => lab.engine.acknowledge(selects, by),
      withdraw: (selects, by) => lab.engine.withdrawAcknowledgement(selects, by),
      end: (selects, by) => lab.engine.endAlerts(selects, by),
    }),
    { prefix: '/alertmanager' },
  );
  const ask = async (method: 'GET' | 'POST', path: string, body?: unknown) => {
    const payload = typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await app.inject({
      method,
      url: `/alertmanager/escalation${path}`,
      ...(body === undefined ? {} : { payload, headers: { 'content-type': 'application/json' } }),
    });
    const json: unknown = answer.json();
    return { status: answer.statusCode, json };
  };
  return { lab, ask };
}

const OPEN = {
  groupKey: '{}:{alertname="A"}',
  groupLabels: { alertname: 'A' },
  receiver: 'a',
  since: '1970-01-01T00:01:00.000Z',
  steps: [{ receiver: 'lead', at: '1970-01-01T00:11:00.000Z', isTold: false }],
  nextAt: '1970-01-01T00:11:00.000Z',
  acknowledgement: null,
};

describe('/escalation', () => {
  it('lists open groups, acknowledges them by matchers or key, and opens them again', async () => {
    const { lab, ask } = await bed();
    await lab.post({ alertname: 'A', severity: 'page' });
    await lab.after(2 * MINUTE);
    expect(await ask('GET', '')).toEqual({ status: 200, json: { groups: [OPEN] } });
    const endsAt = '1970-01-01T01:00:00.000Z';
    const body = { filter: ['severity="page"'], createdBy: 'ann', comment: 'on it', endsAt };
    const acknowledgement = {
      ...{ createdBy: 'ann', comment: 'on it', endsAt, at: '1970-01-01T00:02:00.000Z' },
      alerts: [expect.stringMatching(/^[0-9a-f]{16}$/)],
    };
    expect(await ask('POST', '/ack', body)).toEqual({
      status: 200,
      json: { acknowledged: [{ ...OPEN, nextAt: null, acknowledgement }] },
    });
    const reopened = await ask('POST', '/unack', { groupKey: OPEN.groupKey, createdBy: 'bob' });
    expect(reopened).toMatchObject({
      status: 200,
      json: { reopened: [{ since: '1970-01-01T00:02:00.000Z', nextAt: '1970-01-01T00:12:00.000Z' }] },
    });
    expect(await ask('POST', '/unack', { groupKey: OPEN.groupKey, createdBy: 'bob' })).toEqual({
      status: 404,
      json: { error: 'no such group that is acknowledged' },
    });
  });

  it('is told on one line for people', async () => {
    const { lab } = await bed();
    await lab.post({ alertname: 'A' });
    await lab.after(2 * MINUTE);
    const textOf = () =>
      Array.from(lab.engine.escalations.pages.values(), (page) => pageText(page, { stepsOf: () => STEPS }));
    const open = '{}:{alertname="A"} a, open since 1970-01-01T00:01:00.000Z';
    expect(textOf()).toEqual([`${open}, lead at 1970-01-01T00:11:00.000Z`]);
    await lab.engine.acknowledge(() => true, { by: 'ann', comment: 'on it', endsAtMs: 20 * MINUTE });
    expect(textOf()).toEqual([`${open}, not lead, acknowledged by ann until 1970-01-01T00:20:00.000Z: on it`]);
    await lab.after(30 * MINUTE);
    expect(textOf()[0]).toMatch(/^\{\}:\{alertname="A"\} a, open since 1970-01-01T00:20:00\.000Z, lead told$/);
  });

  it('ends alerts by hand', async () => {
    const { lab, ask } = await bed();
    for (const pod of ['1', '2']) await lab.post({ alertname: 'A', pod });
    await lab.after(2 * MINUTE);
    const body = { filter: ['pod=1'], createdBy: 'ann', comment: 'scrapped' };
    expect(await ask('POST', '/end', body)).toEqual({
      status: 200,
      json: { ended: [{ fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/), labels: { alertname: 'A', pod: '1' } }] },
    });
    expect(await ask('POST', '/end', body)).toEqual({ status: 404, json: { error: 'no such alert fires' } });
    expect((await ask('POST', '/end', { ...body, endsAt: '1h' })).status).toBe(400);
    expect(await lab.after(5 * MINUTE)).toEqual(['6:00 a/webhook/0: some alerts resolved -A A']);
  });

  it.each([
    ['nothing that fires', { filter: ['alertname=B'], createdBy: 'ann' }, 404, 'no group in which such an alert fires'],
    ['no JSON', '{', 400, 'expected JSON'],
    ['nobody', { filter: ['a=b'] }, 400, 'createdBy'],
    ['no group', { createdBy: 'ann' }, 400, 'expected the groupKey of a group, or filter'],
    ['no matcher', { filter: ['='], createdBy: 'ann' }, 400, 'filter: '],
    [
      'an end that has been',
      { filter: ['a=b'], createdBy: 'ann', endsAt: '0' },
      400,
      'endsAt: expected a time to come',
    ],
    ['what it does not know', { filter: ['a=b'], createdBy: 'ann', for: '1h' }, 400, 'for'],
  ])('refuses %s', async (_what, body, status, error) => {
    const { ask } = await bed();
    expect(await ask('POST', '/ack', body)).toEqual({ status, json: { error: expect.stringContaining(error) } });
  });

  it('says that the disk does not have it', async () => {
    const { lab, ask } = await bed();
    await lab.post({ alertname: 'A' });
    await lab.after(2 * MINUTE);
    lab.fs.freeBytes = 0;
    expect((await ask('POST', '/ack', { filter: ['alertname=A'], createdBy: 'ann' })).status).toBe(503);
  });
});
