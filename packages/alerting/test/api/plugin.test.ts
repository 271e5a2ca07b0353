import { VigieError } from '@vigie/core/errors';
import { describe, expect, it } from 'vitest';
import { bed, FULL, NODE_DOWN, NOW, SLOW, silence } from './bed.ts';
import { apiOver, CONFIG, MemoryWorld } from './world.ts';

describe('GET /alerts', () => {
  it('answers members, order and times as Alertmanager does', async () => {
    const { get } = await bed(NODE_DOWN, SLOW);
    const { text, headers } = await get('/alerts');
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store' });
    expect(text).toBe(
      '[{"annotations":{},"endsAt":"2026-11-29T10:05:00.000Z","fingerprint":"038096507b92f8ed","receivers":[{"name":"pager"},{"name":"shop"}],"startsAt":"2026-11-29T10:00:00.000Z","status":{"inhibitedBy":["9a824ff0fc9ac0b5"],"mutedBy":[],"silencedBy":[],"state":"suppressed"},"updatedAt":"2026-11-29T10:00:00.000Z","generatorURL":"http://prometheus/graph?g0.expr=a\\u0026b","labels":{"alertname":"Slow","node":"n1","severity":"page","team":"shop"}},' +
        '{"annotations":{"summary":"gone \\u003cb\\u003e"},"endsAt":"2026-11-29T10:05:00.000Z","fingerprint":"9a824ff0fc9ac0b5","receivers":[{"name":"mail"}],"startsAt":"2026-11-29T10:00:00.000Z","status":{"inhibitedBy":[],"mutedBy":[],"silencedBy":[],"state":"active"},"updatedAt":"2026-11-29T10:00:00.000Z","labels":{"alertname":"NodeDown","node":"n1"}}]\n',
    );
  });

  it('is an empty list where there are none, and leaves out what has ended', async () => {
    const { get, clock } = await bed(NODE_DOWN);
    await clock.advance(5 * 60_000);
    expect((await get('/alerts')).json).toHaveLength(1);
    await clock.advance(1);
    expect((await get('/alerts')).text).toBe('[]\n');
  });

  it.each([
    ['', ['Full', 'NodeDown', 'Slow']],
    ['?active=false', ['Slow']],
    ['?inhibited=false', ['Full', 'NodeDown']],
    ['?inhibited=false&active=no', []],
    ['?active=&inhibited=true', ['Full', 'NodeDown', 'Slow']],
    ['?filter=severity%3Dpage', ['Full', 'Slow']],
    ['?filter=severity%3Dpage&filter=alertname!~%22S.*%22', ['Full']],
    ['?filter=team%3D%22%22', ['Full', 'NodeDown']],
    ['?receiver=pag.*', ['Full', 'Slow']],
    ['?receiver=pag', []],
    ['?receiver_matchers=owner%3Dshop', ['Slow']],
    ['?receiver_matchers=name%3Dmail', ['NodeDown']],
    ['?receiver_matchers=owner!%3Dsre', ['NodeDown', 'Slow']],
  ])('with %s has those asked for', async (query, names) => {
    const { get } = await bed(NODE_DOWN, SLOW, FULL);
    expect(namesIn((await get(`/alerts${query}`)).json)).toEqual(names);
  });

  it('tells by what an alert is silenced', async () => {
    const { get, post } = await bed(FULL);
    const { json } = await post('/silences', silence(['alertname=Full']));
    const [alert] = (await get('/alerts')).json as { status: object }[];
    const silencedBy = [(json as { silenceID: string }).silenceID];
    expect(alert?.status).toEqual({ inhibitedBy: [], mutedBy: [], silencedBy, state: 'suppressed' });
    expect((await get('/alerts?silenced=false')).json).toEqual([]);
  });

  it.each([
    ['?filter=%7B', 'unexpected open or close brace: {'],
    ['?receiver=(', 'failed to parse receiver param: error parsing regexp: missing closing ): `^(?:()$`'],
    ['?receiver_matchers=%3D', 'failed to parse receiver_matchers param: bad matcher format: ='],
  ])('refuses %s', async (query, message) => {
    const { get } = await bed();
    const { status, json } = await get(`/alerts${query}`);
    expect({ status, json }).toEqual({ status: 400, json: expect.stringContaining(message) });
  });

  it('comes in pages, of which an alert that comes or goes moves no other', async () => {
    const alerts = Array.from({ length: 25 }, (_, index) => ({ labels: { alertname: 'A', n: `${index}` } }));
    const { get, post } = await bed(...alerts);
    const whole = fingerprintsIn((await get('/alerts')).json);
    const paged: string[] = [];
    let query = '?limit=10';
    for (let page = 0; ; page++) {
      const { json, headers } = await get(`/alerts${query}`);
      paged.push(...fingerprintsIn(json));
      if (page === 0)
        await post('/alerts', [
          { labels: { alertname: 'A', n: '3' }, endsAt: '2026-11-29T10:00:00Z', startsAt: '2026-11-29T10:00:00Z' },
        ]);
      const token = headers['x-vigie-next-token'];
      if (typeof token !== 'string') break;
      query = `?limit=10&next_token=${token}`;
    }
    expect(paged).toEqual(whole);
    expect((await get('/alerts?limit=25')).headers['x-vigie-next-token']).toBeUndefined();
    expect((await get('/alerts?limit=0')).status).toBe(422);
    expect((await get('/alerts?next_token=x')).status).toBe(400);
  });
});

describe('POST /alerts', () => {
  it('leaves out labels without a value, and keeps such annotations, as Alertmanager does', async () => {
    const written = { summary: 'x', runbook: '', '\ud800': '' };
    const { world } = await bed(
      { labels: { a: 'b', c: '' }, annotations: written },
      { labels: { a: 'c' }, annotations: { runbook: null, summary: 'x' } },
    );
    expect(world.posted.map(({ labels, annotations }) => [labels.toJSON(), annotations.toJSON()])).toEqual([
      [{ a: 'b' }, { runbook: '', summary: 'x', '\ufffd': '' }],
      [{ a: 'c' }, { runbook: '', summary: 'x' }],
    ]);
  });

  it('gives what is missing: a start, an end, and the time', async () => {
    const { world } = await bed(
      { labels: { a: 'now', empty: '' } },
      { labels: { a: 'ended' }, endsAt: '2026-11-29T09:00:00Z' },
      { labels: { a: 'zero' }, startsAt: '0001-01-01T00:00:00.000Z', endsAt: '0001-01-01T00:00:00Z' },
      { labels: { a: 'both' }, startsAt: '2026-11-29 09:00:00', endsAt: '2026-11-29T12:00:00.123456789+01:00' },
    );
    const shown = world.posted.map(({ labels, startsAtMs, endsAtMs, hasTimeout, updatedAtMs }) => [
      labels.toJSON(),
      startsAtMs - NOW,
      (endsAtMs ?? 0) - NOW,
      hasTimeout,
      updatedAtMs - NOW,
    ]);
    const hour = 3_600_000;
    expect(shown).toEqual([
      [{ a: 'now' }, 0, 300_000, true, 0],
      [{ a: 'ended' }, -hour, -hour, false, 0],
      [{ a: 'zero' }, 0, 300_000, true, 0],
      [{ a: 'both' }, -hour, hour + 123, false, 0],
    ]);
  });

  it('takes the good ones, and says what is wrong with the others', async () => {
    const { post, world, counts } = await bed();
    const bad = [
      { labels: { a: '' } },
      { labels: { a: 'b' }, startsAt: '2026-11-29T11:00:00Z', endsAt: '2026-11-29T10:00:00Z' },
      { labels: { '': 'b' } },
      { labels: { a: 'b' }, annotations: { '': 'x' } },
    ];
    const { status, json } = await post('/alerts', [FULL, ...bad]);
    expect({ status, json }).toEqual({
      status: 400,
      json: [
        'at least one label pair required',
        'start time must be before end time',
        'invalid label set: invalid name ""',
        'invalid annotations: invalid name ""',
      ].join('\n'),
    });
    expect(world.posted).toHaveLength(1);
    expect(counts).toMatchObject({ firing: 1, resolved: 0, invalid: 4 });
  });

  it('answers nothing when they are durable, and says what became of them when they are not', async () => {
    const { post, world } = await bed();
    const { status, text, headers } = await post('/alerts', [FULL]);
    expect([status, text, headers['content-type']]).toEqual([200, '', undefined]);
    world.failure = new VigieError('STATE_FAILED', 'no space left on the disk');
    expect(await post('/alerts', [FULL])).toMatchObject({ status: 500, json: 'no space left on the disk' });
    for (const [code, answer] of [
      ['ALERT_TOO_LARGE', 413],
      ['ALERTS_TOO_MANY', 429],
      ['ALERTING_STATE_UNWRITABLE', 503],
    ] as const) {
      world.failure = new VigieError(code, 'why');
      expect(await post('/alerts', [FULL])).toMatchObject({ status: answer, json: 'why' });
    }
    world.failure = new TypeError('x is undefined');
    expect(await post('/alerts', [FULL])).toMatchObject({ status: 500, json: 'internal error: see the log' });
  });

  it.each([
    ['', 422, 602, 'alerts in body is required'],
    ['[{]', 400, 400, 'parsing alerts body from "" failed, because '],
    ['{}', 400, 400, 'parsing alerts body from "" failed, because it is no array, but object'],
    ['[1]', 400, 400, '0 is no object, but number'],
    ['[{}]', 422, 602, '0.labels in body is required'],
    ['[{"labels":{"a":1}}]', 400, 400, '0.labels.a is no string, but number'],
    ['[{"labels":{"a":"b"}},{"labels":{"a":"b"},"startsAt":"soon"}]', 400, 400, '1.startsAt is no time: "soon"'],
    [
      '[{"labels":{"a":"b"},"generatorURL":"no url"}]',
      422,
      601,
      '0.generatorURL in body must be of type uri: "no url"',
    ],
  ])('refuses %j whole', async (body, status, code, message) => {
    const { post, world } = await bed();
    const said = await post('/alerts', body);
    expect(said).toMatchObject({ status, json: { code, message: expect.stringContaining(message) } });
    expect(world.posted).toEqual([]);
  });

  it('takes JSON alone, of a bounded size', async () => {
    const { app } = await bed();
    const { app: small } = await apiOver(new MemoryWorld(), '', { maxBodyBytes: 100, maxAlerts: 2 });
    const url = '/alertmanager/api/v2/alerts';
    const form = await app.inject({ method: 'POST', url, headers: { 'content-type': 'text/plain' }, payload: '[]' });
    expect([form.statusCode, form.body]).toEqual([
      415,
      '{"code":415,"message":"unsupported media type \\"text/plain\\", only [application/json] are allowed"}',
    ]);
    const send = (payload: string) =>
      small.inject({ method: 'POST', url: '/api/v2/alerts', headers: { 'content-type': 'application/json' }, payload });
    expect((await send(`[${' '.repeat(100)}]`)).statusCode).toBe(413);
    expect((await send('[{},{},{}]')).json()).toBe('at most 2 alerts in a request, got 3');
  });

  it('reads ill-formed UTF-8 and halves of characters as U+FFFD', async () => {
    const { app, world } = await bed();
    const payload = Buffer.concat([
      Buffer.from('[{"labels":{"a":"'),
      Buffer.of(0xff),
      Buffer.from('\\ud800","b":"\\ud83d\\ude42"}}]'),
    ]);
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    const { statusCode } = await app.inject({ method: 'POST', url: '/alertmanager/api/v2/alerts', headers, payload });
    expect(statusCode).toBe(200);
    expect(world.posted[0]?.labels.toJSON()).toEqual({ a: '\ufffd\ufffd', b: '\u{1f642}' });
  });
});

describe('GET /alerts/groups', () => {
  it('has each group with its alerts, by labels and receiver', async () => {
    const { get } = await bed(NODE_DOWN, SLOW, FULL);
    const groups = (await get('/alerts/groups')).json as {
      labels: object;
      receiver: object;
      routeLabels: object;
      alerts: { status: object; receivers: object[] }[];
    }[];
    expect(
      groups.map(({ labels, receiver, routeLabels, alerts }) => [labels, receiver, routeLabels, alerts.length]),
    ).toEqual([
      [{ alertname: 'Full' }, { name: 'pager' }, { tier: 'one' }, 1],
      [{ alertname: 'NodeDown' }, { name: 'mail' }, {}, 1],
      [{ alertname: 'Slow' }, { name: 'pager' }, { tier: 'one' }, 1],
      [{ alertname: 'Slow' }, { name: 'shop' }, {}, 1],
    ]);
    expect(groups[3]?.alerts[0]).toMatchObject({
      receivers: [{ name: 'pager' }, { name: 'shop' }],
      status: { mutedBy: ['always'], state: 'suppressed' },
    });
  });

  it.each([
    ['?muted=false', ['Full pager', 'NodeDown mail', 'Slow pager']],
    ['?receiver=shop', ['Slow shop']],
    ['?receiver_matchers=owner%3Dsre', ['Full pager', 'Slow pager']],
    ['?inhibited=false', ['Full pager', 'NodeDown mail']],
    ['?filter=alertname%3DNodeDown', ['NodeDown mail']],
    ['?filter=alertname%3DNobody', []],
  ])('with %s has those asked for', async (query, expected) => {
    const { get } = await bed(NODE_DOWN, SLOW, FULL);
    const groups = (await get(`/alerts/groups${query}`)).json as {
      labels: { alertname: string };
      receiver: { name: string };
    }[];
    expect(groups.map(({ labels, receiver }) => `${labels.alertname} ${receiver.name}`)).toEqual(expected);
  });
});

describe('GET /status', () => {
  it('has the cluster, the configuration without its secrets, and whose API it is', async () => {
    const { get } = await bed();
    const { json } = await get('/status');
    expect(json).toEqual({
      cluster: {
        name: 'vigie-0',
        peers: [
          { address: '127.0.0.1:9093', name: 'vigie-0' },
          { address: '127.0.0.1:9094', name: 'vigie-1' },
        ],
        status: 'ready',
      },
      config: { original: CONFIG.replace("'http://user:hunter2@pager.example/x'", '<secret>') },
      uptime: '2026-11-29T10:00:00.000Z',
      versionInfo: {
        branch: '',
        buildDate: '',
        buildUser: '',
        goVersion: '',
        revision: 'vigie 1.2.3',
        version: '0.34.2',
      },
    });
  });
});

describe('GET /receivers', () => {
  it('has names and labels', async () => {
    const { get } = await bed();
    expect((await get('/receivers')).text).toBe(
      '[{"labels":{"name":"mail"},"name":"mail"},{"labels":{"owner":"sre","name":"pager"},"name":"pager"},{"labels":{"owner":"shop","name":"shop"},"name":"shop"}]\n',
    );
    expect(namesIn((await get('/receivers?receiver_matchers=owner%3Dsre')).json)).toEqual(['pager']);
    expect((await get('/receivers?receiver_matchers=%7B')).status).toBe(400);
  });
});

describe('other paths', () => {
  it('say that they are not there, or not for the method', async () => {
    const { get, ask, post } = await bed();
    expect(await get('/nothing?x=y')).toMatchObject({
      status: 404,
      text: '{"code":404,"message":"path /api/v2/nothing was not found"}',
    });
    expect(await post('/status', {})).toMatchObject({
      status: 405,
      json: { code: 405, message: 'method POST is not allowed, but [GET] are' },
      headers: { allow: 'GET' },
    });
    expect((await ask({ method: 'PUT', url: '/alertmanager/api/v2/alerts' })).status).toBe(405);
  });

  it('of the first version are gone', async () => {
    const { ask } = await bed();
    for (const method of ['GET', 'POST', 'DELETE'] as const) {
      const said = await ask({ method, url: '/alertmanager/api/v1/alerts' });
      expect(said).toMatchObject({
        status: 410,
        json: { status: 'deprecated', error: expect.stringMatching(/v2 API$/) },
      });
    }
  });

  it('may be read by no web page of elsewhere, but for those that are named', async () => {
    const { ask } = await bed();
    const headers = { origin: 'http://karma.example', 'access-control-request-method': 'GET' };
    const url = '/alertmanager/api/v2/alerts';
    expect((await ask({ method: 'GET', url, headers })).headers).not.toHaveProperty('access-control-allow-origin');
    expect(await ask({ method: 'OPTIONS', url, headers })).toMatchObject({ status: 204 });
    const { app } = await apiOver(new MemoryWorld(), '', { corsOrigin: 'http://[a-z]+[.]example' });
    const own = await app.inject({ url: '/api/v2/alerts', headers });
    expect(own.headers['access-control-allow-origin']).toBe('http://karma.example');
    const foreign = await app.inject({ url: '/api/v2/alerts', headers: { origin: 'http://evil' } });
    expect(foreign.headers['access-control-allow-origin']).toBeUndefined();
  });
});

it('counts requests by route and status', async () => {
  const { get, counts, post } = await bed(FULL);
  await get('/alerts');
  await get('/alerts?limit=x');
  await post('/silences', {});
  const rows: string[] = [];
  counts.report((key, labels, value) => {
    rows.push(`${key} ${Object.values(labels).join(' ')} ${value}`);
  });
  expect(rows).toEqual([
    'received firing 1',
    'received resolved 0',
    'invalid  0',
    'requests /alerts 200 2',
    'requests /alerts 422 1',
    'requests /silences 422 1',
  ]);
});

function namesIn(json: unknown): readonly unknown[] {
  const items = json as { name?: string; labels: { alertname?: string } }[];
  return items.map(({ name, labels }) => name ?? labels.alertname).sort();
}

function fingerprintsIn(json: unknown): readonly string[] {
  return (json as { fingerprint: string }[]).map(({ fingerprint }) => fingerprint);
}
