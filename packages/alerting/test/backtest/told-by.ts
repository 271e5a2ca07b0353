/** Whom an alertmanager.yml would have told, with what an alerting.yaml says beside it. */
import type { AlertingConfig } from '../../src/config/alerting-config.ts';
import { readAlertingConfig } from '../../src/config/alerting-config-file.ts';
import { parseAlertmanagerConfig } from '../../src/config/load-config.ts';
import { configuredEngine } from '../../src/configured-engine.ts';

export async function configOf(alertmanager: string, alerting = ''): Promise<AlertingConfig> {
  const config = parseAlertmanagerConfig(alertmanager, 'alertmanager.yml');
  const program = { dataDir: '/', alertmanager: { file: 'alertmanager.yml', text: alertmanager, config } };
  return (await readAlertingConfig({ text: alerting, file: 'alerting.yaml', root: [] }, {}, { program })).config;
}

export async function toldBy(alertmanager: string, alerting = '') {
  return configuredEngine(await configOf(alertmanager, alerting));
}
