/** `vigie alert backtest` against the collector's database and API over HTTP. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeWriteRequest } from '@vigie/wire/remote-write/encode-write-request';
import { compress } from '@vigie/wire/snappy';
import { describe, expect, it, onTestFinished } from 'vitest';
import { record } from '../../packages/alerting/test/receivers/recorder.ts';
import { type BacktestCommand, backtestRules } from '../../packages/cli/src/alerts/run-backtest.ts';
import { CapturedTerminal } from '../../packages/cli/test/captured-terminal.ts';
import { serveVigie } from '../promql/vigie-server.ts';

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 10, 29, 10);
const page = readFileSync(new URL('../../docs/reference/scenarios.md', import.meta.url), 'utf8');
const [RULES = '', ALERTMANAGER = ''] = Array.from(
  page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm),
  ([, yaml = '']) => yaml,
);
const reference = readFileSync(new URL('../../docs/reference/backtest.md', import.meta.url), 'utf8');

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'vigie-backtest-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Two hours of a shop, a sample a minute: one request in ten fails in two spells.
 *  @param data folder of the database */
async function shop(data = join(folder(), 'data')): Promise<string> {
  const server = await serveVigie(data);
  onTestFinished(() => server.close());
  const minutes = Array.from({ length: 121 }, (_, minute) => minute);
  const isFailing = (minute: number): boolean => (minute > 20 && minute <= 58) || (minute > 70 && minute <= 94);
  let errors = 0;
  const samples = minutes.map((minute) => {
    errors += isFailing(minute) ? 6 : 0;
    return { timeMs: NOW - (120 - minute) * MINUTE, requests: minute * 60, errors };
  });
  const timestampsMs = Float64Array.from(samples, ({ timeMs }) => timeMs);
  const body = encodeWriteRequest('1.0', [
    {
      labels: ['__name__', 'requests_total', 'job', 'web'],
      values: Float64Array.from(samples, ({ requests }) => requests),
      timestampsMs,
    },
    {
      labels: ['__name__', 'errors_total', 'job', 'web'],
      values: Float64Array.from(samples, (sample) => sample.errors),
      timestampsMs,
    },
  ]);
  const response = await fetch(`${server.url}/api/v1/write`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
    body: new Uint8Array(compress(body)),
  });
  expect(response.status).toBeLessThan(300);
  return server.url;
}

async function backtested(url: string, command: Partial<BacktestCommand> = {}, rules = RULES, alerting = '') {
  const home = folder();
  const [file, alertmanager] = [join(home, 'shop.yml'), join(home, 'alertmanager.yml')];
  writeFileSync(file, rules);
  writeFileSync(alertmanager, ALERTMANAGER);
  if (alerting !== '') writeFileSync(join(home, 'alerting.yaml'), alerting);
  const terminal = new CapturedTerminal();
  const code = await backtestRules(
    {
      ...{
        files: [file],
        logRules: [],
        config: alerting === '' ? undefined : join(home, 'alerting.yaml'),
        alertmanager,
      },
      ...{ sinceMs: 120 * MINUTE, untilMs: NOW, intervalMs: MINUTE },
      ...{ dataDir: undefined, externalLabels: [], output: 'text', ...command },
    },
    { server: { url }, version: '1.2.3' },
    terminal,
    new AbortController().signal,
  );
  return { code, out: terminal.out, err: terminal.err };
}

describe('vigie alert backtest', () => {
  it('answers as the reference shows', async () => {
    const [, shown = ''] = /^\$ vigie alert backtest .*\n([\s\S]*?)^```$/m.exec(reference) ?? [];
    expect(await backtested(await shop())).toEqual({ code: 0, out: shown, err: '' });
  });

  it('has everything as JSON', async () => {
    const { out } = await backtested(await shop(), { output: 'json', alertmanager: undefined });
    expect(JSON.parse(out)).toMatchObject({
      start: '2026-11-29T08:00:00Z',
      end: '2026-11-29T10:00:00Z',
      rules: [
        { group: 'shop', alert: 'TooManyErrors', alerts: 1, fired: 2, pages: 2 },
        { alert: 'ShopDown', fired: 0, firingSeconds: 0 },
      ],
    });
  });

  it('asks the files of a collector that goes on, as it would be asked itself', async () => {
    const [, shown = ''] = /^\$ vigie alert backtest .*\n([\s\S]*?)^```$/m.exec(reference) ?? [];
    const home = folder();
    const url = await shop(join(home, 'metrics'));
    const before = readdirSync(join(home, 'metrics'));
    // Of `vigie up`, and of a collector.
    for (const dataDir of [home, join(home, 'metrics')])
      expect(await backtested('http://127.0.0.1:1', { dataDir })).toEqual({ code: 0, out: shown, err: '' });
    expect(readdirSync(join(home, 'metrics'))).toEqual(before);
    expect((await backtested(url)).code).toBe(0);
    const longer = await backtested('http://127.0.0.1:1', { dataDir: home, sinceMs: 7 * 24 * 60 * MINUTE });
    expect(longer.err).toBe(
      `vigie: ${join(home, 'metrics')} has samples from 2026-11-29T08:00:00Z on: what was before is not known\n`,
    );
  });

  it('says what is no data directory, or has nothing of that time', async () => {
    const home = folder();
    const refusal = (dataDir: string, more: Partial<BacktestCommand> = {}) =>
      expect(backtested('http://127.0.0.1:1', { dataDir, ...more })).rejects;
    await refusal(home).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('which has no metrics'),
    });
    await refusal(join(home, 'none')).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/cannot read .*none/),
    });
    writeFileSync(join(home, 'file'), '');
    await refusal(join(home, 'file')).toMatchObject({ code: 'CONFIG_INVALID' });
    writeFileSync(join(home, '000000000001.wal'), 'no log');
    await refusal(home).toMatchObject({ code: 'CONFIG_INVALID', message: `--data-dir: ${home} has no samples` });
    const data = join(folder(), 'data');
    await shop(data);
    await refusal(data, { untilMs: NOW - 180 * MINUTE }).toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('has what alerting.yaml says beyond alertmanager.yml', async () => {
    const alerting = `data_dir: /d\nalertmanager_config: alertmanager.yml\nreceivers: { pager: { escalation: [{ after: 5m, receiver: office }] } }\n`;
    const { out } = await backtested(await shop(), { output: 'json', alertmanager: undefined }, RULES, alerting);
    expect(JSON.parse(out)).toMatchObject({
      receivers: [
        { receiver: 'pager', pages: 2 },
        { receiver: 'office', pages: 2 },
      ],
    });
  });

  it('says how often a rule would have failed, which is no failure of the test', async () => {
    const rules =
      'groups: [{ name: g, limit: 1, rules: [{ alert: A, expr: \'label_replace({job="web"}, "of", "$1", "__name__", "(.*)")\' }] }]\n';
    const { code, err } = await backtested(await shop(), {}, rules);
    expect({ code, err }).toEqual({
      code: 0,
      err: 'vigie: A fails at 121 evaluations: exceeded limit of 1 with 2 alerts\n',
    });
  });

  it('says where the server keeps less than is asked for, and begins there', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      request.on('data', (chunk: Buffer) => asked.push(chunk.toString()));
      const isRuntime = request.url?.startsWith('/prometheus/api/v1/status/runtimeinfo') === true;
      const data = isRuntime ? { storageRetention: '6h or 2GiB' } : { resultType: 'matrix', result: [] };
      response.end(JSON.stringify({ status: 'success', data }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
    const { code, err } = await backtested(url, { sinceMs: 7 * 24 * 60 * MINUTE });
    expect({ code, err }).toEqual({
      code: 0,
      err: 'vigie: the server keeps 6h: what was before 2026-11-29T04:00:00Z is not known, --url names one that keeps more\n',
    });
    expect(asked.map((form) => new URLSearchParams(form).get('query'))).toEqual([
      'vector(1)',
      expect.stringContaining('errors_total'),
      'up{job="web"} == 0',
    ]);
    expect(new URLSearchParams(asked[1]).get('start')).toBe(String(Date.UTC(2026, 10, 29, 4) / 1000));
  });

  it('names rules that the server refuses, and exits 1', async () => {
    const rules =
      'groups: [{ name: g, rules: [{ alert: A, expr: up }, { alert: B, expr: \'errors_total * on (job) {job="web"}\' }] }]\n';
    const { code, err } = await backtested(await shop(), {}, rules);
    expect(code).toBe(1);
    expect(err).toMatch(/^vigie: B is not tested: .*many-to-many/m);
  });

  it('asks nothing of somebody who does not answer as Prometheus does', async () => {
    const { url } = await record((_request, response) => response.end('<html>Welcome'));
    await expect(backtested(url)).rejects.toMatchObject({
      code: 'QUERY_REFUSED',
      message: `${url} answers 200 <html>Welcome: expected an answer of Prometheus' API, --url names another server`,
    });
  });

  it('refuses bad files with 2, and no time at all', async () => {
    const url = await shop();
    expect((await backtested(url, {}, 'groups: [{ nam: g }]\n')).code).toBe(2);
    await expect(backtested(url, { sinceMs: 0 })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(backtested(url, { intervalMs: 0 })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(backtested('http://127.0.0.1:1', { externalLabels: ['a!=b'] })).rejects.toThrow(
      '--external-label: expected NAME=VALUE, got a!=b',
    );
  });
});
