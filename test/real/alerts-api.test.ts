/** Alertmanager's API beside those who ask it: amtool, and Prometheus, which sends its alerts to it. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CONFIG, listening, MemoryWorld } from '../../packages/alerting/test/api/world.ts';
import { until } from './deadline.ts';
import { removeFolder, temporaryFolder } from './leash.ts';
import { installAmtool } from './parts/amtool-binary.ts';
import { startPrometheus } from './parts/prometheus.ts';

const amtool = installAmtool();
const home = temporaryFolder('alerts-api');
afterAll(() => removeFolder(home));

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Not synchronous: the server is this process. */
function run(url: string, ...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(amtool, [`--alertmanager.url=${url}`, ...args], { cwd: home }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err });
    });
  });
}

async function bed() {
  const world = new MemoryWorld(CONFIG);
  const url = `${await listening(world, '/alertmanager')}/alertmanager`;
  const ok = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await run(url, ...args);
    expect({ args, code, err }).toEqual({ args, code: 0, err: '' });
    return out;
  };
  return { world, url, ok };
}

const ADD = ['silence', 'add', '--author=me', '--comment=maintenance'];

describe('amtool', () => {
  it('adds alerts, and finds them by matchers, state and receiver', async () => {
    const { ok, url } = await bed();
    await ok(
      'alert',
      'add',
      'Disk',
      'severity=page',
      '--annotation=summary=is <full>',
      '--generator-url=http://p/g?a&b',
    );
    await ok('alert', 'add', 'alertname=Net', 'team=shop', '--end=2099-01-01T00:00:00+01:00');
    expect(JSON.parse(await ok('alert', 'query', '-o', 'json', 'Disk'))).toMatchObject([
      {
        labels: { alertname: 'Disk', severity: 'page' },
        annotations: { summary: 'is <full>' },
        generatorURL: 'http://p/g?a&b',
        receivers: [{ name: 'pager' }],
        status: { state: 'active', silencedBy: [], inhibitedBy: [], mutedBy: [] },
        fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
      },
    ]);
    expect(await ok('alert', 'query', 'alertname=~D.*|Net', 'team!=""')).toMatch(/^Alertname .*\nNet .* active *\n$/);
    expect(await ok('alert', 'query', '--receiver=sho.')).toMatch(/\nNet /);
    expect(await ok('alert', 'query', '--receiver=mail')).not.toMatch(/\n(?:Net|Disk) /);
    const bad = await run(url, 'alert', 'add', 'a=b', '--start=2026-01-02T00:00:00Z', '--end=2026-01-01T00:00:00Z');
    expect(bad).toMatchObject({ code: 1, err: expect.stringContaining('start time must be before end time') });
  });

  it('adds, shows, updates and expires silences', async () => {
    const { ok, url, world } = await bed();
    await ok('alert', 'add', 'Disk');
    const id = (await ok(...ADD, '--duration=1h', '--annotation=ticket=T-1', 'Disk', 'a!~b|c')).trim();
    expect((await ok('silence', 'query', '-q')).trim()).toBe(id);
    expect(await ok('silence', 'query', '--created-by=me', 'Disk')).toContain('alertname="Disk" a!~"b|c"');
    expect(await ok('alert', 'query')).not.toContain('Disk');
    expect(await ok('alert', 'query', '--silenced')).toContain('suppressed');
    const [before] = world.silences.query({ ids: [id] });
    expect(before?.annotations).toEqual({ ticket: 'T-1' });
    expect(await ok('silence', 'update', '--duration=2h', '--comment=longer', id)).toContain('longer');
    const [after] = world.silences.query({ ids: [id] });
    expect([after?.comment, (after?.endsAtMs ?? 0) - (before?.startsAtMs ?? 0)]).toEqual(['longer', 7_200_000]);
    await ok('silence', 'expire', id);
    await until('the silence to have expired', 5000, async () =>
      (await ok('silence', 'query', '--expired', '-q')).trim() === id ? true : undefined,
    );
    expect(await ok('silence', 'query', '-q')).toBe('');
    const nobody = await run(url, 'silence', 'expire', '00000000-0000-4000-8000-00000000000f');
    expect(nobody).toMatchObject({ code: 1, err: expect.stringContaining('404') });
    const all = await run(url, ...ADD, 'a=~.*');
    expect(all).toMatchObject({ code: 1, err: expect.stringContaining('must not match the empty string') });
  });

  it('imports silences that another server had', async () => {
    const { ok } = await bed();
    for (const name of ['Disk', 'Net', 'Cpu']) await ok(...ADD, name);
    writeFileSync(join(home, 'silences.json'), await ok('silence', 'query', '-o', 'json'));
    const { ok: other, world } = await bed();
    expect((await other('silence', 'import', 'silences.json')).trim().split('\n')).toHaveLength(3);
    const names = world.silences.query().map(({ matcherSets }) => matcherSets[0]?.[0]?.value);
    expect(names.sort()).toEqual(['Cpu', 'Disk', 'Net']);
    expect((await other('silence', 'import', '--force', 'silences.json')).trim().split('\n')).toHaveLength(3);
    expect(world.silences.query()).toHaveLength(6);
  });

  it('shows the configuration and its routes, and the cluster', async () => {
    const { ok } = await bed();
    const config = await ok('config', 'show');
    expect(config).toContain('resolve_timeout: 5m');
    expect(config).not.toContain('hunter2');
    expect(await ok('config', 'routes', 'show')).toMatch(/└── \{team="shop"\} +receiver: shop/);
    expect((await ok('config', 'routes', 'test', 'severity=page', 'team=shop')).trim()).toBe('pager,shop');
    expect((await ok('config', 'routes', 'test', '--verify.receivers=mail', 'a=b')).trim()).toContain('mail');
    writeFileSync(join(home, 'shown.yml'), config);
    expect(await ok('check-config', 'shown.yml')).toContain('SUCCESS');
    expect(await ok('cluster', 'show')).toMatch(/Cluster Status: +ready\nNode Name: +vigie-0/);
    expect(await ok('cluster', 'show', '-o', 'extended')).toMatch(
      /127\.0\.0\.1:9093 +vigie-0 *\n127\.0\.0\.1:9094 +vigie-1/,
    );
  });
});

describe('Prometheus', () => {
  it('sends its alerts, and their end', async () => {
    const { world, url } = await bed();
    const { host } = new URL(url);
    const rules = {
      groups: [
        {
          name: 'g',
          rules: [
            {
              alert: 'Waning',
              expr: `vector(time()) < ${Date.now() / 1000 + 12}`,
              labels: { severity: 'page' },
              annotations: { summary: 'Waning <since> {{ $value | humanizeTimestamp }}' },
            },
          ],
        },
      ],
    };
    const prometheus = await startPrometheus({
      config: {
        global: { evaluation_interval: '1s', external_labels: { cluster: 'c1' } },
        rule_files: ['rules.yml'],
        alerting: { alertmanagers: [{ path_prefix: '/alertmanager', static_configs: [{ targets: [host] }] }] },
      },
      files: { 'rules.yml': JSON.stringify(rules) },
    });
    try {
      const alert = await until('the alert', 20_000, async () => world.posted[0]);
      expect(alert.labels.toJSON()).toEqual({ alertname: 'Waning', cluster: 'c1', severity: 'page' });
      expect(alert.annotations.get('summary')).toMatch(/^Waning <since> /);
      expect(alert).toMatchObject({
        hasTimeout: false,
        generatorUrl: expect.stringMatching(/\/graph\?g0\.expr=vector/),
      });
      const ended = await until('its end', 40_000, async () =>
        world.posted.find(({ endsAtMs = Infinity, updatedAtMs }) => endsAtMs <= updatedAtMs),
      );
      expect([ended.fingerprint, ended.startsAtMs]).toEqual([alert.fingerprint, alert.startsAtMs]);
      const answer: unknown = await (await fetch(`${url}/api/v2/alerts`)).json();
      expect(answer).toEqual([]);
    } finally {
      await prometheus.stop();
    }
  });
});
