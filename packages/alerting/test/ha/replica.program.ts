/** A replica as a process of its own, for a test that kills it. It tells of alerts by a POST to the test, and takes those whose names come on stdin.
 *  Arguments: its name, the folder of its state, a kubeconfig, and the URL to tell. Says `owned N` when what it owns changes. */
import * as fs from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { systemClock } from '@vigie/core/clock';
import { createLog } from '@vigie/core/log';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { parseAlertmanagerConfig } from '../../src/config/load-config.ts';
import { AlertEngine } from '../../src/engine.ts';
import { HighAvailability } from '../../src/ha/high-availability.ts';
import { fingerprintOf } from '../../src/identity/fingerprint.ts';
import { NotifyCounts } from '../../src/notify/notify-counts.ts';

const [, , replica = '', folder = '', kubeconfig = '', url = ''] = process.argv;
const log = createLog('error');

const config = `receivers: [{ name: a, webhook_configs: [{ url: 'http://localhost/' }] }]
route: { receiver: a, group_by: [alertname], group_wait: 500ms, group_interval: 1m, repeat_interval: 1h }`;

const ha = new HighAvailability(
  {
    config: { name: 'alerts', namespace: undefined, replica, shards: 4, kubeconfig },
    replica,
    address: () => replica,
  },
  { clock: systemClock, random: Math.random, log, env: {}, version: 'test' },
);
const engine = new AlertEngine(
  folder,
  {
    config: parseAlertmanagerConfig(config, 'alertmanager.yml'),
    options: {
      limits: { alerts: 100, alertSize: 1000 },
      startupHoldMs: 60_000,
      retentionMs: 3_600_000,
      resolveWhatFired: true,
      resolveReason: true,
    },
    receiverOptions: new Map(),
    integrationsOf: () => [
      {
        id: 'a/webhook/0',
        kind: 'webhook',
        sendsResolved: true,
        send: async ({ alerts }, signal) => {
          const names = alerts.map(({ labels }) => labels.get('alertname')).join(' ');
          const { status } = await fetch(url, { method: 'POST', body: `${replica} ${names}`, signal });
          return status === 200 ? { kind: 'sent' } : { kind: 'retry', reason: String(status), afterMs: undefined };
        },
      },
    ],
  },
  {
    clock: systemClock,
    random: Math.random,
    log,
    fs,
    newId: () => 'none',
    counts: new NotifyCounts(() => undefined),
    record: () => undefined,
    replication: ha,
  },
);
await engine.start();
let owned = -1;
setInterval(() => {
  if (ha.ownership.owned !== owned) process.stdout.write(`owned ${ha.ownership.owned}\n`);
  owned = ha.ownership.owned;
}, 20);
for await (const name of createInterface({ input: process.stdin })) {
  const labels = LabelSet.of({ alertname: name });
  const nowMs = Date.now();
  await engine.post([
    {
      fingerprint: fingerprintOf(labels),
      labels,
      annotations: LabelSet.empty,
      startsAtMs: nowMs,
      endsAtMs: nowMs + 3_600_000,
      updatedAtMs: nowMs,
      generatorUrl: '',
      hasTimeout: false,
    },
  ]);
  process.stdout.write(`taken ${name}\n`);
}
