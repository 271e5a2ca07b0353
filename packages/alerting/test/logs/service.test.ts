/** The service with log rules, over a server that answers as Loki does and a web hook. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { describe, expect, it, vi } from 'vitest';
import { checkAlertingFiles } from '../../src/check-alerting-files.ts';
import { loadAlertingConfig } from '../../src/config/alerting-config-file.ts';
import { prepareIntegrations } from '../../src/receivers/prepare-integrations.ts';
import { loadAlertingRules } from '../../src/rules/alerting-rules.ts';
import { AlertingService } from '../../src/service.ts';
import { folderWith } from '../folder.ts';
import { record } from '../receivers/recorder.ts';
import { served } from '../served.ts';
import { type Asked, storeServer } from './source/store-server.ts';

const START = Date.parse('2026-11-30T10:00:00Z');

const RULES = `groups:
  - name: g
    interval: 30s
    rules:
      - alert: Panic
        pattern: { query: { namespace: shop, message: { contains: panic } }, by: [pod], range: 1h }
        labels: { severity: page }
        annotations: { line: '{{ $line }}', summary: '{{ $value }} in {{ $labels.pod }}' }
      - alert: Errors
        expr: 'sum(rate({namespace="shop"}[1m])) > 1'
`;

/** One line at a time of the clock, with the word. */
function lokiWith(lineMs: number) {
  return ({ body, path }: Asked): object | number => {
    const form = new URLSearchParams(body);
    const query = form.get('query') ?? '';
    const answer = (resultType: string, result: readonly unknown[]) => ({
      status: 'success',
      data: { resultType, result },
    });
    if (query.includes('rate(')) return 400;
    if (!query.startsWith('sum')) {
      return answer('streams', [
        { stream: { pod: 'web-1' }, values: [[`${lineMs}000000`, 'panic: token of jo@example.com']] },
      ]);
    }
    const step = Number(form.get('step') ?? 10) * 1000;
    const end = Math.ceil(lineMs / step) * step;
    const isAsked = path.endsWith('query_range')
      ? BigInt(form.get('start') ?? 0) <= BigInt(end) * 1_000_000n &&
        BigInt(form.get('end') ?? 0) >= BigInt(end) * 1_000_000n
      : form.get('time') === `${end}000000`;
    return answer('matrix', isAsked ? [{ metric: { pod: 'web-1' }, values: [[end / 1000, '1']] }] : []);
  };
}

async function bed(answer: (asked: Asked) => object | number) {
  const [loki, hook, clock] = [await storeServer(answer), await record(), new FakeClock(START)];
  const folder = await folderWith({
    'rules.yml': RULES,
    'alertmanager.yml': `route: { receiver: a, group_wait: 1s }\nreceivers: [{ name: a, webhook_configs: [{ url: '${hook.url}/' }] }]\n`,
    'alerting.yaml': `data_dir: data
alertmanager_config: alertmanager.yml
log_rule_files: [rules.yml]
rules: { watch: false }
datasources: { logs: { type: loki, url: '${loki.url.href}' } }
`,
  });
  const { config } = await loadAlertingConfig(join(folder, 'alerting.yaml'), {});
  const prepared = await prepareIntegrations(config.alertmanager?.config, {
    clock,
    random: () => 0.5,
    env: {},
    userAgent: 'vigie/1.2.3',
    externalUrl: '',
    hostname: 'host',
  });
  const settings = { config, groups: await loadAlertingRules(config), ...prepared };
  const service = new AlertingService(
    settings,
    { prefix: '', self: () => ({ name: 'me', address: '127.0.0.1:9093' }) },
    { clock, random: () => 0.5, log: createLog('error', { write: () => {} }), env: {}, version: '1.2.3' },
  );
  await service.start();
  const url = await served(service);
  const ask = async (path: string): Promise<unknown> => (await fetch(url + path)).json();
  const until = <T>(assertion: () => Promise<T> | T): Promise<T> =>
    vi.waitFor(
      async () => {
        await clock.advance(1000);
        return assertion();
      },
      { timeout: 10_000, interval: 5 },
    );
  const told = () => hook.requests.map(({ body }): unknown => JSON.parse(body));
  return { service, clock, ask, until, told, folder, loki };
}

describe('an alerting service with log rules', () => {
  it('tells of a line once, lists its rules, and goes on telling of what fires while the store is down', async () => {
    let answer = lokiWith(START + 20_000);
    const { service, clock, ask, until, told } = await bed((asked) => answer(asked));
    await until(() => expect(told()).toHaveLength(1));
    expect(told()[0]).toMatchObject({
      status: 'firing',
      alerts: [
        {
          labels: { alertname: 'Panic', pod: 'web-1', severity: 'page' },
          annotations: { line: 'panic: token of [email]', summary: '1 in web-1' },
        },
      ],
    });
    expect(await ask('/api/v1/alerts')).toMatchObject({
      data: { alerts: [{ labels: { alertname: 'Panic' }, state: 'firing', value: '1e+00' }] },
    });
    answer = () => 503;
    const until20 = clock.nowMs() + 20 * 60_000;
    await vi.waitFor(
      async () => {
        await clock.advance(5000);
        expect(clock.nowMs()).toBeGreaterThan(until20);
      },
      { timeout: 60_000, interval: 3 },
    );
    expect(told()).toHaveLength(1);
    expect(await ask('/api/v1/rules')).toMatchObject({
      data: {
        groups: [
          {
            name: 'g',
            rules: [
              {
                name: 'Panic',
                state: 'firing',
                health: 'err',
                lastError: expect.stringContaining('answered 503'),
                query: 'pattern by (pod)(all(namespace in ["shop"], message contains ["panic"]) [3600s])',
              },
              { name: 'Errors', state: 'inactive', health: 'err', lastError: expect.stringContaining('answered 503') },
            ],
          },
        ],
      },
    });
    expect(await ask('/api/v2/alerts')).toMatchObject([{ status: { state: 'active' } }]);
    const { body } = await service.expose();
    expect(body).toMatch(/vigie_log_rule_queries_total\{result="unreachable"\} [1-9]/);
    expect(body).toContain('vigie_log_rule_delay_seconds 10\n');
  });

  it('is checked with its files, all problems at once', async () => {
    const { folder } = await bed(() => 500);
    let text = '';
    const stdout = {
      write: (more: string): void => {
        text += more;
      },
    };
    expect(await checkAlertingFiles([join(folder, 'alerting.yaml')], {}, stdout)).toBe(0);
    expect(text).toContain('ok, 1 receiver, 2 rules\n');
    await writeFile(join(folder, 'rules.yml'), 'groups: [{name: g, rules: [{alert: A}, {alert: B, pattern: {}}]}]\n');
    const { config } = await loadAlertingConfig(join(folder, 'alerting.yaml'), {});
    await expect(loadAlertingRules(config)).rejects.toMatchObject({
      message: expect.stringMatching(/rules\.yml:1:\d+: .*pattern\.query/),
    });
  });
});
