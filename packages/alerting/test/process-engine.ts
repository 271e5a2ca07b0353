/** An engine in a process of its own, for tests that kill it: it has one web hook, and tells it of the names of alerts. */
import { systemClock } from '@vigie/core/clock';
import { createLog } from '@vigie/core/log';
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { PostedAlert } from '../src/alerts/posted-alert.ts';
import { parseAlertmanagerConfig } from '../src/config/load-config.ts';
import { AlertEngine } from '../src/engine.ts';
import type { EngineDeps } from '../src/engine-settings.ts';
import { fingerprintOf } from '../src/identity/fingerprint.ts';
import { NotifyCounts } from '../src/notify/notify-counts.ts';
import type { SendOutcome } from '../src/receivers/integration.ts';

export interface ProcessEngineOptions extends Pick<EngineDeps, 'fs' | 'replication'> {
  /** Of the state. */
  readonly folder: string;
  /** Of the route: its grouping and timers. */
  readonly route: string;
  /** @param names of the alerts, with a space between them */
  readonly tell: (names: string, signal: AbortSignal) => Promise<SendOutcome>;
}

/** To be started. */
export function processEngine({ folder, route, tell, fs, replication }: ProcessEngineOptions): AlertEngine {
  const config = `receivers: [{ name: a, webhook_configs: [{ url: 'http://localhost/' }] }]\nroute: { receiver: a, ${route} }`;
  return new AlertEngine(
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
          send: ({ alerts }, signal) => tell(alerts.map(({ labels }) => labels.get('alertname')).join(' '), signal),
        },
      ],
    },
    {
      clock: systemClock,
      random: Math.random,
      log: createLog('error'),
      fs,
      newId: () => 'none',
      counts: new NotifyCounts(() => undefined),
      record: () => undefined,
      replication,
    },
  );
}

/** It fires for an hour. */
export function alertNamed(name: string): PostedAlert {
  const labels = LabelSet.of({ alertname: name });
  const nowMs = Date.now();
  return {
    fingerprint: fingerprintOf(labels),
    labels,
    annotations: LabelSet.empty,
    startsAtMs: nowMs,
    endsAtMs: nowMs + 3_600_000,
    updatedAtMs: nowMs,
    generatorUrl: '',
    hasTimeout: false,
  };
}
