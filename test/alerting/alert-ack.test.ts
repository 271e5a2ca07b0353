/** `vigie alert ack` against `/escalation` over HTTP. */
import { describe, expect, it } from 'vitest';
import { record } from '../../packages/alerting/test/receivers/recorder.ts';
import { type AckRequest, acknowledgeAlerts } from '../../packages/cli/src/alerts/run-ack.ts';
import { CapturedTerminal } from '../../packages/cli/test/captured-terminal.ts';

const NOW = Date.UTC(2026, 10, 29, 10);

async function ack(status: number, answer: unknown, change: Partial<AckRequest> = {}) {
  const server = await record((_request, response) => response.writeHead(status).end(JSON.stringify(answer)));
  const terminal = new CapturedTerminal();
  const request: AckRequest = {
    ...{ matchers: ['Down', 'severity=page'], group: undefined, createdBy: 'ann', comment: 'on it' },
    ...{ endsAtMs: undefined, withdraw: false },
    ...change,
  };
  const client = { server: { url: server.url }, version: '1.2.3' };
  const code = await acknowledgeAlerts(request, client, terminal);
  const { out, err } = terminal;
  const [sent] = server.requests;
  return { code, out, err, url: sent?.url, body: sent === undefined ? undefined : JSON.parse(sent.body) };
}

const PAGE = { groupKey: '{}:{alertname="Down"}', receiver: 'pager' };

describe('vigie alert ack', () => {
  it('acknowledges groups, and prints them', async () => {
    expect(await ack(200, { acknowledged: [PAGE] }, { endsAtMs: NOW })).toEqual({
      code: 0,
      out: 'pager  {}:{alertname="Down"}\n',
      err: '',
      url: '/alertmanager/escalation/ack',
      body: {
        filter: ['alertname="Down"', 'severity="page"'],
        createdBy: 'ann',
        comment: 'on it',
        endsAt: '2026-11-29T10:00:00.000Z',
      },
    });
  });

  it('withdraws, of one group where it is told to', async () => {
    const withdrawn = await ack(200, { reopened: [PAGE] }, { withdraw: true, group: PAGE.groupKey, matchers: [] });
    expect(withdrawn).toMatchObject({ code: 0, url: '/alertmanager/escalation/unack' });
    expect(withdrawn.body).toEqual({ filter: [], createdBy: 'ann', comment: 'on it', groupKey: PAGE.groupKey });
  });

  it('exits 1 where nothing such fires, and refuses to acknowledge everything', async () => {
    expect(await ack(404, { error: 'no group' })).toMatchObject({ code: 1, err: expect.stringContaining('no group') });
    await expect(ack(200, {}, { matchers: [] })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(ack(200, {})).rejects.toMatchObject({ code: 'ALERTS_REFUSED' });
  });
});
