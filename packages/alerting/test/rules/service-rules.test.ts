/** Rules of a service that asks a part of its own process: what they find reaches a web hook, and survives a restart. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { Engine } from '@vigie/promql/evaluate/engine';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { MemoryStorage } from '@vigie/promql/storage/memory-storage';
import { engineQuery } from '@vigie/rules/query';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { loadAlertingConfig } from '../../src/config/alerting-config-file.ts';
import { prepareIntegrations } from '../../src/receivers/prepare-integrations.ts';
import { loadAlertingRules } from '../../src/rules/alerting-rules.ts';
import type { RuleSource } from '../../src/rules/rule-source.ts';
import { AlertingService } from '../../src/service.ts';
import { folderWith } from '../folder.ts';
import { record } from '../receivers/recorder.ts';
import { served } from '../served.ts';

const START = Date.parse('2026-11-29T10:00:00Z');
const SECOND = 1000;
const INTERVAL = 15 * SECOND;

const RULES = `groups:
  - name: g
    interval: ${INTERVAL / SECOND}s
    eval_offset: 0s
    rules: [{ alert: Down, expr: up == 0, for: 30s }]
`;

/** @param more of alertmanager.yml and of alerting.yaml */
async function bed({ rules = RULES, inhibit = '', more = '' } = {}) {
  const [folder, hook] = [await folderWith({ 'rules.yml': rules }), await record()];
  const route = '{ receiver: shop, group_wait: 0s, group_interval: 10s }';
  const receivers = `[{ name: shop, webhook_configs: [{ url: '${hook.url}/' }] }]`;
  await writeFile(join(folder, 'alertmanager.yml'), `route: ${route}\nreceivers: ${receivers}\n${inhibit}`);
  await writeFile(
    join(folder, 'alerting.yaml'),
    `data_dir: data\nalertmanager_config: alertmanager.yml\nrule_files: [rules.yml]\ndatasources: { metrics: { url: 'http://127.0.0.1:1' } }\n${more}`,
  );
  const [clock, storage] = [new FakeClock(START), new MemoryStorage()];
  const source: RuleSource = {
    query: engineQuery(new Engine(), storage),
    append: async (samples) => samples.map(() => undefined),
    restoreFrom: storage,
  };
  let running: AlertingService | undefined;
  const start = async (): Promise<AlertingService> => {
    const { config } = await loadAlertingConfig(join(folder, 'alerting.yaml'), {});
    const own = { clock, random: () => 0.5, env: {} };
    const prepared = await prepareIntegrations(config.alertmanager?.config, {
      ...own,
      userAgent: 'vigie/1.2.3',
      externalUrl: '',
      hostname: 'host',
    });
    const service = new AlertingService(
      { config, groups: await loadAlertingRules(config), ...prepared },
      { prefix: '', self: () => ({ name: 'me', address: '' }) },
      { ...own, log: createLog('error', { write: () => {} }), version: '1.2.3', source },
    );
    onTestFinished(() => service.close({ graceMs: 0 }));
    await service.start();
    running = service;
    return service;
  };
  /** A sample of now, which ends the series without a value. */
  const sample = (value: number | 'stale'): void =>
    storage.append(LabelSet.of({ __name__: 'up', job: 'a' }), [
      { timestampMs: clock.nowMs(), value, startTimestampMs: 0 },
    ]);
  const told = (): readonly { readonly alerts: readonly object[] }[] =>
    hook.requests.map(({ body }) => JSON.parse(body));
  /** Whether the disk or the web hook is being waited for. A clock that goes on meanwhile has the rules miss evaluations, of which alerts tell then,
   *  and what fires expires. */
  const isUnderWay = async (): Promise<boolean> => {
    const body = (await running?.expose())?.body ?? '';
    if (!/^vigie_outbox_open_claims 0$/m.test(body)) return true;
    const [, seconds] = /^vigie_rule_group_last_evaluation_timestamp_seconds\{.*\} (\S+)$/m.exec(body) ?? [];
    return seconds !== undefined && clock.nowMs() > Number(seconds) * SECOND + INTERVAL;
  };
  const until = (assertion: () => void): Promise<void> =>
    vi.waitFor(
      async () => {
        if (!(await isUnderWay())) await clock.advance(SECOND);
        assertion();
      },
      { timeout: 50_000, interval: 5 },
    );
  return { clock, start, sample, told, until };
}

describe('rules of an alerting service', () => {
  it('go on after a restart as they were, and say why an alert is over', async () => {
    const { clock, start, sample, told, until } = await bed();
    sample(0);
    const one = await start();
    await until(() => expect(clock.nowMs()).toBeGreaterThanOrEqual(START + 20 * SECOND));
    expect((await one.expose()).body).toMatch(/^vigie_alerting_state_rule_records 1$/m);
    await one.close({ graceMs: 1000 });
    await start();
    await until(() => expect(told().length).toBeGreaterThan(0));
    // Pending from 10:00:15 on: the restart has not made it wait anew.
    const firing = { labels: { alertname: 'Down', job: 'a' }, startsAt: '2026-11-29T10:00:45Z' };
    expect(told()[0]?.alerts).toMatchObject([firing]);
    sample('stale');
    const resolved = { status: 'resolved', annotations: { vigie_resolve_reason: 'no_data' } };
    await until(() => expect(told().at(-1)?.alerts).toMatchObject([resolved]));
  });

  it('have in the history when they are pending, fire, and lapse', async () => {
    const { start, sample, until, clock } = await bed({ more: 'external_labels: { cluster: c }\n' });
    sample(0);
    const url = await served(await start());
    const kinds = async (): Promise<readonly unknown[]> => {
      const answer = await fetch(`${url}/history?filter=cluster%3Dc`);
      return Object(await answer.json()).events.map(({ kind }: { readonly kind: string }) => kind);
    };
    await until(() => expect(clock.nowMs()).toBeGreaterThanOrEqual(START + 20 * SECOND));
    expect(await kinds()).toEqual(['pending']);
    sample(1);
    await until(() => expect(clock.nowMs()).toBeGreaterThanOrEqual(START + 35 * SECOND));
    expect(await kinds()).toEqual(['lapsed', 'pending']);
    sample(0);
    await until(() => expect(clock.nowMs()).toBeGreaterThanOrEqual(START + 95 * SECOND));
    expect((await kinds()).slice(-5)).toEqual(['grouped', 'created', 'pending', 'lapsed', 'pending']);
  });

  it('wait for one that is pending, and would inhibit them, for as long as inhibition.hold says', async () => {
    const { clock, start, sample, told, until } = await bed({
      rules: RULES.replace('for: 30s }', 'for: 1h }, { alert: Slow, expr: up == 0 }'),
      inhibit:
        'inhibit_rules: [{ source_matchers: [alertname="Down"], target_matchers: [alertname="Slow"], equal: [job] }]\n',
      more: 'inhibition: { hold: 1m }\n',
    });
    sample(0);
    await start();
    await until(() => expect(told()).toHaveLength(1));
    const [slow] = told()[0]?.alerts ?? [];
    expect(slow).toMatchObject({ labels: { alertname: 'Slow' } });
    const { startsAt } = Object(slow);
    expect(clock.nowMs()).toBeGreaterThanOrEqual(Date.parse(String(startsAt)) + 60 * SECOND);
  });
});
