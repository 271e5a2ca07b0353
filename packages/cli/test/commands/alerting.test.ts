/** `vigie alerting` as it is built: `npm test` builds it first. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const bin = fileURLToPath(new URL('../../bin/vigie.cjs', import.meta.url));

const ALERTMANAGER = 'route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n';

/** @param more of alerting.yaml */
async function started(more = '') {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-cli-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'alerting.yaml');
  await writeFile(file, `listen: '127.0.0.1:0'\ndata_dir: data\nalertmanager_config: alertmanager.yml\n${more}`);
  await writeFile(join(folder, 'alertmanager.yml'), ALERTMANAGER);
  const child = spawn(process.execPath, [bin, 'alerting', '--config', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const url = await new Promise<string>((resolve) => {
    createInterface(child.stderr).on('line', (line) => {
      const [, found] = /^listening on (http:\S+) \(http\)$/.exec(line) ?? [];
      if (found !== undefined) resolve(found);
    });
  });
  const status = async (path: string, method = 'GET'): Promise<number> => (await fetch(url + path, { method })).status;
  // The port is open before the state is read.
  for (let ready = 0; ready !== 200; ) ready = await status('/readyz');
  return { folder, child, url, status };
}

it('listens, reloads on demand with the old configuration where the new one is bad, and ends on SIGTERM', async () => {
  const { folder, child, url, status } = await started();
  expect(await status('/-/healthy')).toBe(200);
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('vigie_alerts{state="firing"} 0\n');
  expect(await status('/-/reload', 'POST')).toBe(200);
  await writeFile(join(folder, 'alertmanager.yml'), 'route: {}\n');
  expect(await status('/-/reload', 'POST')).toBe(500);
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('vigie_alerting_config_last_reload_successful 0\n');
  expect(await status('/readyz')).toBe(200);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

it('serves all of it below a prefix that a proxy passes on', async () => {
  const { url, status } = await started('route_prefix: /am\n');
  const paths = ['/am/', '/am/api/v2/status', '/am/history', '/am/-/ready', '/am/metrics', '/metrics'];
  expect(await Promise.all(paths.map((path) => status(path)))).toEqual(paths.map(() => 200));
  expect(await status('/api/v2/status')).toBe(404);
  expect(await status('/am/-/reload', 'POST')).toBe(200);
  const body = JSON.stringify([{ labels: { alertname: 'Down' } }]);
  const headers = { 'content-type': 'application/json' };
  expect((await fetch(`${url}/am/api/v2/alerts`, { method: 'POST', headers, body })).status).toBe(200);
  expect(await (await fetch(`${url}/am/api/v2/alerts`)).json()).toMatchObject([{ labels: { alertname: 'Down' } }]);
});

it('exits 2 where the configuration is bad', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-cli-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'alerting.yaml');
  await writeFile(file, 'data_dir: data\ncolour: red\n');
  for (const args of [
    ['alerting', '--config', file],
    ['check', 'alerting', file],
  ]) {
    const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    expect(await once(child, 'close')).toEqual([2, null]);
    expect(stderr).toContain(`${file}:2:1: colour: expected one of the keys `);
  }
});
