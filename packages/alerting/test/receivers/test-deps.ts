import { FakeClock } from '@vigie/core/fake-clock';
import { seededRandom } from '@vigie/core/random';
import { parseAlertmanagerConfig } from '../../src/config/load-config.ts';
import type { ReceiverConfig } from '../../src/config/receiver-section.ts';
import type { ReceiverDeps } from '../../src/receivers/receiver-deps.ts';
import { NotificationTemplates } from '../../src/templates/notification-templates.ts';
import { CASES } from '../templates/notifications.ts';

export const never = new AbortController().signal;

export function testDeps(clock = new FakeClock(Date.parse('2024-06-01T00:00:00Z'))): ReceiverDeps {
  return {
    clock,
    random: seededRandom(1),
    env: {},
    userAgent: 'vigie/1.2.3',
    templates: new NotificationTemplates(() => clock.nowMs()),
    externalUrl: CASES.externalURL,
    hostname: 'host.example',
  };
}

/** @param config `webhook_configs: […]`, as it stands below a receiver */
export function receiverOf(config: string, global = '', name = 'a'): ReceiverConfig {
  const text = `global: { ${global} }\nroute: { receiver: '${name}' }\nreceivers:\n  - name: '${name}'\n    ${config}\n`;
  const [receiver] = parseAlertmanagerConfig(text, '/etc/am/alertmanager.yml').receivers;
  if (receiver === undefined) throw new Error('no receiver');
  return receiver;
}
