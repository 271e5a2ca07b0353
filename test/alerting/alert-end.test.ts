/** `vigie alert end` against `/escalation` over HTTP. */
import { describe, expect, it } from 'vitest';
import { record } from '../../packages/alerting/test/receivers/recorder.ts';
import { type EndRequest, endAlerts } from '../../packages/cli/src/alerts/run-end.ts';
import { CapturedTerminal } from '../../packages/cli/test/captured-terminal.ts';

const GROUP = '{}:{alertname="Down"}';

async function end(status: number, answer: unknown, change: Partial<EndRequest> = {}) {
  const server = await record((_request, response) => response.writeHead(status).end(JSON.stringify(answer)));
  const terminal = new CapturedTerminal();
  const request: EndRequest = {
    ...{ matchers: ['Down', 'instance=db-3'], group: undefined, createdBy: 'ann', comment: 'scrapped' },
    ...change,
  };
  const code = await endAlerts(request, { server: { url: server.url }, version: '1.2.3' }, terminal);
  const { out, err } = terminal;
  const [sent] = server.requests;
  return { code, out, err, url: sent?.url, body: sent === undefined ? undefined : JSON.parse(sent.body) };
}

describe('vigie alert end', () => {
  it('ends alerts, and prints them', async () => {
    const labels = { instance: 'db-3', alertname: 'Down' };
    expect(await end(200, { ended: [{ fingerprint: '0123456789abcdef', labels }] })).toEqual({
      code: 0,
      out: 'alertname="Down" instance="db-3"\n',
      err: '',
      url: '/alertmanager/escalation/end',
      body: { filter: ['alertname="Down"', 'instance="db-3"'], createdBy: 'ann', comment: 'scrapped' },
    });
  });

  it('ends those of one group where it is told to', async () => {
    const { body } = await end(200, { ended: [] }, { matchers: [], group: GROUP });
    expect(body).toEqual({ filter: [], createdBy: 'ann', comment: 'scrapped', groupKey: GROUP });
  });

  it('shows no escapes of a label', async () => {
    const { out } = await end(200, { ended: [{ fingerprint: '0', labels: { alertname: 'A\u001b[2J' } }] });
    expect(out).not.toContain('\u001b');
  });

  it('exits 1 where nothing such fires, and refuses to end everything', async () => {
    expect(await end(404, { error: 'no such alert fires' })).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^vigie: no such alert fires, or http:.* is no Vigie\n$/),
    });
    await expect(end(200, {}, { matchers: [] })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(end(200, { acknowledged: [] })).rejects.toMatchObject({ code: 'ALERTS_REFUSED' });
    await expect(end(400, { error: 'createdBy: no' })).rejects.toMatchObject({
      code: 'ALERTS_REFUSED',
      message: expect.stringContaining('createdBy: no'),
    });
  });
});
