/** `vigie silence` and `vigie alert list` against the API over HTTP. */
import { FakeClock } from '@vigie/core/fake-clock';
import { describe, expect, it } from 'vitest';
import { CONFIG, listening, MemoryWorld } from '../../packages/alerting/test/api/world.ts';
import { record } from '../../packages/alerting/test/receivers/recorder.ts';
import type { AlertsClient } from '../../packages/cli/src/alerts/alerts-api.ts';
import { type AlertListRequest, listAlerts } from '../../packages/cli/src/alerts/run-alert-list.ts';
import { explainLive } from '../../packages/cli/src/alerts/run-explain-live.ts';
import {
  type AddRequest,
  addSilence,
  expireSilences,
  type ListRequest,
  listSilences,
} from '../../packages/cli/src/alerts/run-silences.ts';
import { CapturedTerminal } from '../../packages/cli/test/captured-terminal.ts';

const NOW = Date.UTC(2026, 10, 29, 10);
const ID = '00000000-0000-4000-8000-000000000001';

async function bed(prefix = '/alertmanager') {
  const world = new MemoryWorld(CONFIG, new FakeClock(NOW));
  const url = await listening(world, prefix);
  const client: AlertsClient = { server: { url }, version: '1.2.3' };
  const alert = (labels: Readonly<Record<string, string>>, summary = '') =>
    ({ labels, annotations: { summary }, startsAt: new Date(NOW - 60_000).toISOString() }) as const;
  const response = await fetch(`${url}${prefix}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([
      alert({ alertname: 'NodeDown', node: 'n1' }, 'n1 is \u001b[31mgone'),
      alert({ alertname: 'Slow', severity: 'page', node: 'n1' }),
      alert({ alertname: 'Full', severity: 'page' }, 'disk'),
    ]),
  });
  expect(response.status).toBe(200);
  const add = async (request: Partial<AddRequest> = {}) => {
    const terminal = new CapturedTerminal();
    const whole: AddRequest = {
      ...{ matchers: ['Full'], annotations: [], startsAtMs: undefined, endsAtMs: undefined, durationMs: 3_600_000 },
      ...{ createdBy: 'me', comment: 'maintenance', preview: false, untilResolved: false, recurs: undefined },
      ...request,
    };
    const code = await addSilence(whole, client, terminal, NOW);
    return { code, out: terminal.out, err: terminal.err };
  };
  const list = async (request: Partial<ListRequest> = {}) => {
    const terminal = new CapturedTerminal();
    const whole: ListRequest = {
      ...{ matchers: [], expired: false, withinMs: undefined, createdBy: undefined, id: undefined },
      ...{ quiet: false, output: 'simple' },
      ...request,
    };
    await listSilences(whole, client, terminal, NOW);
    return terminal.out;
  };
  const alerts = async (request: Partial<AlertListRequest> = {}) => {
    const terminal = new CapturedTerminal();
    await listAlerts({ matchers: [], states: [], receiver: undefined, output: 'simple', ...request }, client, terminal);
    return terminal.out;
  };
  return { world, client, add, list, alerts };
}

describe('vigie silence add', () => {
  it.each(['/alertmanager', ''])('adds one below the prefix %j, and says how much it silences', async (prefix) => {
    const { add, world } = await bed(prefix);
    const added = await add({ matchers: ['Full', 'severity=~"page|ticket"'], annotations: ['ticket=T-1'] });
    expect(added).toEqual({ code: 0, out: `${ID}\n`, err: 'vigie: silences 1 of 3 alerts that there are now\n' });
    const [silence] = world.silences.query();
    expect(silence?.matcherSets.map(String)).toEqual(['alertname="Full",severity=~"page|ticket"']);
    expect(silence).toMatchObject({
      startsAtMs: NOW,
      endsAtMs: NOW + 3_600_000,
      createdBy: 'me',
      comment: 'maintenance',
      annotations: { ticket: 'T-1' },
    });
  });

  it('adds one that ends with what it silences, and one that recurs', async () => {
    const { add, world } = await bed();
    await add({ untilResolved: true, recurs: 'saturday,sunday 02:00-04:00 Europe/Paris', annotations: ['ticket=T-1'] });
    expect(world.silences.query()[0]?.annotations).toEqual({
      ticket: 'T-1',
      vigie_until: 'resolved',
      vigie_recurs: 'saturday,sunday 02:00-04:00 Europe/Paris',
    });
  });

  it('warns of one that silences more than was meant', async () => {
    const { add } = await bed();
    expect((await add({ matchers: ['alertname!=Watchdog'] })).err).toBe(
      'vigie: warning: no matcher says what is to be silenced: all but what they exclude is\nvigie: silences 3 of 3 alerts that there are now\n',
    );
  });

  it('previews', async () => {
    const { add, world } = await bed();
    expect(await add({ matchers: ['severity=page'], preview: true })).toEqual({
      code: 0,
      out: 'silences 2 of 3 alerts that there are now\n  alertname="Full" severity="page"\n  alertname="Slow" node="n1" severity="page"\n',
      err: '',
    });
    expect(world.silences.query()).toEqual([]);
  });

  it.each([
    [{ comment: '' }, 'CONFIG_INVALID', '--comment: a silence has to say why it is there'],
    [{ durationMs: 0 }, 'CONFIG_INVALID', '--duration: expected more than 0'],
    [{ recurs: 'now and then' }, 'CONFIG_INVALID', '--recurs: now: expected days such as monday:friday'],
    [{ endsAtMs: NOW - 1 }, 'CONFIG_INVALID', '--end: a silence cannot start after it ends'],
    [{ matchers: ['a=b', 'c'] }, 'CONFIG_INVALID', 'c: bad matcher format: c'],
    [{ annotations: ['a!=b'] }, 'CONFIG_INVALID', 'expected NAME=VALUE, got a!=b'],
    [{ matchers: ['a=~.*'] }, 'ALERTS_REFUSED', 'must not match the empty string'],
  ])('refuses %j', async (request, code, message) => {
    const { add } = await bed();
    await expect(add(request)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });
});

describe('vigie silence list', () => {
  it('has those that have not ended, by their end', async () => {
    const { add, list } = await bed();
    await add();
    await add({ matchers: ['a=b', 'c!~d'], durationMs: 60_000, comment: 'soon', createdBy: 'you' });
    expect(await list()).toBe(
      `ID                                    Matchers          Ends At                  Created By  Comment
00000000-0000-4000-8000-000000000002  a="b" c!~"d"      2026-11-29 10:01:00 UTC  you         soon
00000000-0000-4000-8000-000000000001  alertname="Full"  2026-11-29 11:00:00 UTC  me          maintenance
`,
    );
    expect(await list({ quiet: true, withinMs: 120_000 })).toBe('00000000-0000-4000-8000-000000000002\n');
    expect(await list({ quiet: true, createdBy: 'me' })).toBe(`${ID}\n`);
    expect(await list({ quiet: true, matchers: ['Full'] })).toBe(`${ID}\n`);
    expect(await list({ quiet: true, matchers: ['Fu'] })).toBe('');
    expect(JSON.parse(await list({ output: 'json', id: ID }))).toMatchObject([{ id: ID, status: { state: 'active' } }]);
    expect((await list({ output: 'extended', id: ID })).split('\n')[1]).toBe(
      `${ID}  {alertname="Full"}  2026-11-29 10:00:00 UTC  2026-11-29 11:00:00 UTC  2026-11-29 10:00:00 UTC  me          maintenance`,
    );
  });
});

describe('vigie silence expire', () => {
  it('ends silences, and says of which there is none', async () => {
    const { add, client, world } = await bed();
    await add();
    const terminal = new CapturedTerminal();
    const other = '00000000-0000-4000-8000-00000000000f';
    expect(await expireSilences([other, ID], client, terminal)).toBe(1);
    expect(terminal.err).toBe(`vigie: there is no silence ${other}\n`);
    expect(world.silences.query()).toMatchObject([{ endsAtMs: NOW }]);
    await expect(expireSilences(['x'], client, terminal)).rejects.toMatchObject({
      code: 'ALERTS_REFUSED',
      message: expect.stringMatching(/answers 422 silenceID in path must be of type uuid: "x"$/),
    });
  });
});

describe('vigie alert list', () => {
  it('has the active ones, or those of the states asked for', async () => {
    const { alerts, add } = await bed();
    expect(await alerts()).toBe(
      `Alertname  Starts At                Summary     State
Full       2026-11-29 09:59:00 UTC  disk        active
NodeDown   2026-11-29 09:59:00 UTC  n1 is gone  active
`,
    );
    await add();
    const named = async (request: Partial<AlertListRequest>) =>
      (JSON.parse(await alerts({ ...request, output: 'json' })) as { labels: { alertname: string } }[]).map(
        ({ labels }) => labels.alertname,
      );
    expect(await named({ states: ['silenced'] })).toEqual(['Full']);
    expect(await named({ states: ['inhibited'] })).toEqual(['Slow']);
    expect(await named({ states: ['active', 'silenced', 'inhibited'] })).toHaveLength(3);
    expect(await named({ states: ['silenced', 'inhibited'], receiver: 'pag.*', matchers: ['Slow'] })).toEqual(['Slow']);
    expect((await alerts({ output: 'extended', matchers: ['NodeDown'] })).split('\n')[1]).toBe(
      'alertname="NodeDown" node="n1"  summary="n1 is gone"  2026-11-29 09:59:00 UTC  2026-11-29 10:05:00 UTC                 active',
    );
  });

  it('says what the server says, and where there is none', async () => {
    const { alerts, client } = await bed();
    await expect(alerts({ receiver: '(' })).rejects.toMatchObject({
      code: 'ALERTS_REFUSED',
      message: expect.stringMatching(/answers 400 failed to parse receiver param: error parsing regexp/),
    });
    const elsewhere = { ...client, server: { url: `${client.server.url}/elsewhere` } };
    const request: AlertListRequest = { matchers: [], states: [], receiver: undefined, output: 'simple' };
    await expect(listAlerts(request, elsewhere, new CapturedTerminal())).rejects.toMatchObject({
      code: 'ALERTS_REFUSED',
    });
  });
});

describe('commands to somebody else than an Alertmanager', () => {
  const clientOf = (answer: Parameters<typeof record>[0]): Promise<AlertsClient> =>
    record(answer).then(({ url }) => ({ server: { url }, version: '1.2.3' }));
  const page = () => clientOf((_request, response) => response.setHeader('content-type', 'text/html').end('<html>'));

  it('end no silence, and explain nothing, where a page of HTML answers', async () => {
    const foreign = {
      code: 'ALERTS_REFUSED',
      message: expect.stringContaining('does not answer as Alertmanager does'),
    };
    await expect(expireSilences([ID], await page(), new CapturedTerminal())).rejects.toMatchObject(foreign);
    const terminal = new CapturedTerminal();
    await expect(explainLive({ labels: ['a=b'], timeMs: undefined }, await page(), terminal)).rejects.toMatchObject(
      foreign,
    );
    expect(terminal.out).toBe('');
  });

  it('say where it leads, that an answer was cut off, and which option may be wrong', async () => {
    const request: AlertListRequest = { matchers: [], states: [], receiver: undefined, output: 'simple' };
    const refusal = async (client: AlertsClient) => expect(listAlerts(request, client, new CapturedTerminal())).rejects;
    const moved = await clientOf((_request, response) =>
      response.writeHead(302, { location: 'https://login.example/' }).end(),
    );
    await (await refusal(moved)).toMatchObject({
      code: 'API_UNREACHABLE',
      message: expect.stringMatching(
        /answers 302, and leads to https:\/\/login\.example\/: --url has to name the API$/,
      ),
    });
    const cut = await clientOf((_request, response) => {
      response.writeHead(200, { 'content-length': 1000 }).write('[{');
      setImmediate(() => response.destroy());
    });
    await (await refusal(cut)).toMatchObject({
      code: 'API_BROKEN',
      message: expect.stringMatching(/cut off after \d+ bytes$/),
    });
    const closed = await clientOf((_request, response) => response.writeHead(401).end('Unauthorized'));
    await (await refusal(closed)).toMatchObject({
      message: expect.stringMatching(/answers 401 Unauthorized: is --token-file right\?$/),
    });
  });
});

describe('vigie alert explain of a server', () => {
  const explained = async (labels: readonly string[], timeMs?: number) => {
    const { client, add } = await bed();
    await add({ matchers: ['severity=page'] });
    const terminal = new CapturedTerminal();
    const code = await explainLive({ labels, timeMs }, client, terminal);
    return { code, out: terminal.out };
  };

  it('says who is told by what fires and is silenced there', async () => {
    const { code, out } = await explained(['alertname=Slow', 'severity=page', 'node=n1']);
    expect(code).toBe(0);
    expect(out).toContain('at 2026-11-29T10:00:00Z\n');
    expect(out).toContain('inhibited by {alertname="NodeDown", node="n1"}\n');
    expect(out).toMatch(/\nsilences\n {2}\S+ \{severity="page"\} until .*, by me: maintenance\n$/);
    expect((await explained(['a=b'], NOW + 60_000)).out).toContain('at 2026-11-29T10:01:00Z\n');
  });

  it('says what the server refuses, and where it is no Vigie', async () => {
    await expect(explained(['a!=b'])).rejects.toMatchObject({
      code: 'ALERTS_REFUSED',
      message: expect.stringMatching(/answers 400 label: a!="b" is no label: write NAME=VALUE$/),
    });
    const other = await record((_request, response) => response.writeHead(404).end());
    const client = { server: { url: other.url }, version: '1.2.3' };
    await expect(
      explainLive({ labels: ['a=b'], timeMs: undefined }, client, new CapturedTerminal()),
    ).rejects.toMatchObject({
      message: expect.stringMatching(/explains no alerts: it is no Vigie$/),
    });
  });
});
