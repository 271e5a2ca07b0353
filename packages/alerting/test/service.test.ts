/** The service on a real disk, with an integration of the test. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ApiWorld } from '../src/api/api-world.ts';
import { loadAlertingConfig } from '../src/config/alerting-config-file.ts';
import { AlertMatcher } from '../src/matchers/alert-matcher.ts';
import { AlertingService, type AlertingSettings } from '../src/service.ts';
import { posted } from './alerts/alerts.ts';
import { folderWith } from './folder.ts';

const ALERTMANAGER = `route:
  receiver: a
  group_by: [alertname]
  mute_time_intervals: []
receivers: [{ name: a, webhook_configs: [{ url: 'http://localhost/' }] }]
inhibit_rules: [{ source_matchers: [alertname="Node"], target_matchers: [alertname="Pod"] }]
`;

async function settingsIn(folder: string, alertmanager = ALERTMANAGER): Promise<AlertingSettings> {
  await writeFile(join(folder, 'alertmanager.yml'), alertmanager);
  await writeFile(join(folder, 'alerting.yaml'), 'data_dir: data\nalertmanager_config: alertmanager.yml\n');
  const { config } = await loadAlertingConfig(join(folder, 'alerting.yaml'), {});
  return {
    config,
    groups: [],
    integrationsOf: ({ name }) => [
      { id: `${name}/webhook/0`, kind: 'webhook', sendsResolved: true, send: async () => ({ kind: 'sent' }) },
    ],
  };
}

async function started(folder: string, clock = new FakeClock()) {
  let world: ApiWorld | undefined;
  const service = new AlertingService(
    await settingsIn(folder),
    {
      prefix: '',
      api: (one) => {
        world = one;
        return [];
      },
      self: () => ({ name: 'me', address: '127.0.0.1:9093' }),
    },
    { clock, random: Math.random, log: createLog('error'), env: {}, userAgent: 'vigie/test' },
  );
  await service.start();
  onTestFinished(() => service.close({ graceMs: 0 }));
  if (world === undefined) throw new Error('nobody asked for the world');
  return { service, world, clock };
}

describe('the alerting service', () => {
  it('shows alerts, groups and silences to its API', async () => {
    const { world, clock } = await started(await folderWith());
    const nowMs = clock.nowMs();
    const times = { startsAtMs: nowMs, endsAtMs: nowMs + 60_000, updatedAtMs: nowMs };
    const all = ['Node', 'Pod', 'Disk'].map((alertname) => posted({ alertname }, times));
    await world.post(all);
    const silence = await world.silences.set({
      matcherSets: [[new AlertMatcher('alertname', '=', 'Disk')]],
      startsAtMs: nowMs,
      endsAtMs: nowMs + 60_000,
      createdBy: 'me',
      comment: '',
      annotations: {},
    });
    expect(world.alerts().map(({ labels }) => labels.get('alertname'))).toEqual(['Node', 'Pod', 'Disk']);
    expect(world.alerts().map(world.statusOf)).toEqual([
      { state: 'active', silencedBy: [], inhibitedBy: [], mutedBy: [] },
      { state: 'suppressed', silencedBy: [], inhibitedBy: [all[0]?.fingerprint], mutedBy: [] },
      { state: 'suppressed', silencedBy: [silence.id], inhibitedBy: [], mutedBy: [] },
    ]);
    expect(world.groups().map(({ labels, mutedBy }) => [labels.get('alertname'), mutedBy])).toEqual([
      ['Node', []],
      ['Pod', []],
      ['Disk', []],
    ]);
    await clock.advance(1);
    await world.silences.expire(silence.id);
    await clock.advance(1);
    expect(world.silences.query({ states: ['active'] })).toEqual([]);
    expect(world.cluster().peers).toEqual([{ name: 'me', address: '127.0.0.1:9093' }]);
    expect(world.config()).toMatchObject({ text: ALERTMANAGER, resolveTimeoutMs: 300_000 });
  });

  it('has after a restart what it said was taken', async () => {
    const folder = await folderWith();
    const clock = new FakeClock();
    const first = await started(folder, clock);
    const nowMs = clock.nowMs();
    await first.world.post([
      posted({ alertname: 'A' }, { startsAtMs: nowMs, endsAtMs: nowMs + 60_000, updatedAtMs: nowMs }),
    ]);
    await first.service.close({ graceMs: 0 });
    const second = await started(folder, clock);
    expect(second.world.alerts()).toHaveLength(1);
  });

  it('tells of itself in metrics', async () => {
    const { service, world, clock } = await started(await folderWith());
    const nowMs = clock.nowMs();
    await world.post([posted({ alertname: 'A' }, { startsAtMs: nowMs, endsAtMs: nowMs + 60_000, updatedAtMs: nowMs })]);
    const { body } = await service.expose();
    expect(body).toContain('vigie_alerts{state="firing"} 1\n');
    expect(body).toContain('vigie_alerts_received_total{status="firing"} 1\n');
    expect(body).toContain('vigie_dispatcher_aggregation_groups 1\n');
    expect(body).toContain('vigie_alerting_state_writes_total{result="success"}');
  });

  it('takes up another configuration, and keeps the old one where that is bad', async () => {
    const folder = await folderWith();
    const { service, world } = await started(folder);
    await service.apply(await settingsIn(folder, ALERTMANAGER.replace('receiver: a', 'receiver: a\n  group_wait: 1s')));
    expect(world.config().root.options.groupWaitMs).toBe(1000);
    await expect(settingsIn(folder, 'route: {}')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(world.config().root.options.groupWaitMs).toBe(1000);
  });
});
