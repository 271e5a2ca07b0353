import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadAlertingConfig } from '../../src/config/alerting-config-file.ts';
import { changesForNextStart } from '../../src/config/read-at-start.ts';
import { folderWith } from '../folder.ts';

async function load(more: string) {
  const folder = await folderWith({
    'alerting.yaml': `data_dir: /data\nalertmanager_config: alertmanager.yml\n${more}`,
    'alertmanager.yml': 'route: { receiver: a }\nreceivers: [{ name: a }]\n',
  });
  return (await loadAlertingConfig(join(folder, 'alerting.yaml'), {})).config;
}

it('names what takes effect with the next start alone', async () => {
  const metrics = (url: string): string => `datasources: { metrics: { url: '${url}' } }\n`;
  const before = await load(`${metrics('http://a:9090')}listen: ':9093'\n`);
  const same = await load(`${metrics('http://a:9090')}listen: ':9093'\nnotifications: { resolve_reason: false }\n`);
  expect(changesForNextStart(before, same)).toEqual([]);
  const further =
    'notifications: { retention: 1h, startup_hold: 1m }\nrules: { for_outage_tolerance: 2h, for_grace_period: 1m }\n';
  const next = await load(`${metrics('http://b:9090')}listen: ':9094'\nlog_level: debug\n${further}`);
  expect(changesForNextStart(before, next)).toEqual([
    'listen',
    'log_level',
    'datasources.metrics',
    'notifications.retention',
    'notifications.startup_hold',
    'rules.for_outage_tolerance',
    'rules.for_grace_period',
  ]);
});
