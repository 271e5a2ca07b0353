/** `vigie alert diff` against `/history` over HTTP. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { record } from '../../packages/alerting/test/receivers/recorder.ts';
import { diffAlerts } from '../../packages/cli/src/alerts/run-alert-diff.ts';
import { CapturedTerminal } from '../../packages/cli/test/captured-terminal.ts';

const config = (routes: string): string =>
  `route: { receiver: mail, group_by: [alertname], routes: [${routes}] }
time_intervals: [{ name: night, time_intervals: [{}] }]
receivers: [{ name: mail }, { name: pager }]
`;

const EVENTS = [
  { alertname: 'Slow', severity: 'page' },
  { alertname: 'Slow', severity: 'page' },
  { alertname: 'Full', severity: 'page' },
  { alertname: 'Full', severity: 'info' },
].map((labels, index) => ({ sequence: index + 1, kind: 'created', labels }));

async function diff(
  before: string,
  after: string,
  answer?: (url: string) => { readonly status: number; readonly body: unknown },
) {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-diff-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const files = [join(folder, 'before.yml'), join(folder, 'after.yml')] as const;
  await writeFile(files[0], before);
  await writeFile(files[1], after);
  const pages = (url: string) =>
    url.includes('next_token')
      ? { status: 200, body: { events: EVENTS.slice(2) } }
      : { status: 200, body: { events: EVENTS.slice(0, 2), nextToken: '7' } };
  const server = await record(({ url }, response) => {
    const { status, body } = (answer ?? pages)(url);
    response.writeHead(status).end(JSON.stringify(body));
  });
  const terminal = new CapturedTerminal();
  const request = { before: files[0], after: files[1], fromMs: Date.UTC(2026, 10, 1) };
  const code = await diffAlerts(request, { server: { url: server.url }, version: '1.2.3' }, terminal);
  return { code, out: terminal.out, urls: server.requests.map(({ url }) => url) };
}

describe('vigie alert diff', () => {
  it('says which alerts go elsewhere, each set of labels once, over all pages of the history', async () => {
    const { code, out, urls } = await diff(config(''), config('{ receiver: pager, matchers: [severity="page"] }'));
    expect(code).toBe(0);
    expect(out).toBe(
      '2 alerts: mail -> pager\n  such as alertname="Slow" severity="page"\n2 of 3 alerts are told otherwise\n',
    );
    expect(urls).toEqual([
      '/alertmanager/history?kind=created&from=2026-11-01T00%3A00%3A00.000Z&limit=1000',
      '/alertmanager/history?kind=created&from=2026-11-01T00%3A00%3A00.000Z&limit=1000&next_token=7',
    ]);
  });

  it('says how they are told where the receivers are the same', async () => {
    const before = config('{ receiver: pager, matchers: [severity="page"] }');
    const after = config(
      '{ receiver: pager, matchers: [severity="page"], group_by: [...], repeat_interval: 1h, mute_time_intervals: [night] }',
    );
    expect((await diff(before, after)).out).toBe(
      `2 alerts: pager (by alertname; 30s, 5m, 4h) -> pager (each alone; 30s, 5m, 1h; muted in night)
  such as alertname="Slow" severity="page"
2 of 3 alerts are told otherwise
`,
    );
    expect((await diff(before, before)).out).toBe('0 of 3 alerts are told otherwise\n');
  });

  it('exits 2 where a configuration is bad, and needs a history', async () => {
    expect((await diff(config(''), 'route: {}')).code).toBe(2);
    const none = () => ({ status: 404, body: {} });
    await expect(diff(config(''), config(''), none)).rejects.toMatchObject({ code: 'ALERTS_REFUSED' });
  });
});
