/** An engine that tells nobody and keeps nothing: it groups, mutes and notifies as the one of a service does, on a clock of its own. */
import type { FakeClock } from '@vigie/core/fake-clock';
import type { Log } from '@vigie/core/log';
import { DEFAULT_ALERT_LIMITS } from '../alerts/alert-store.ts';
import type { AlertmanagerConfig } from '../config/load-config.ts';
import type { IntegrationConfig } from '../config/receiver-section.ts';
import { AlertEngine } from '../engine.ts';
import type { EngineOptions } from '../engine-settings.ts';
import type { HistoryEvent } from '../history/history-event.ts';
import type { LogRulesDeps } from '../logs/log-rules.ts';
import type { GatherContext } from '../notify/notifier.ts';
import { NotifyCounts } from '../notify/notify-counts.ts';
import type { ReceiverOptions } from '../notify/receiver.ts';
import { integrationsOf } from '../receivers/create-integrations.ts';
import type { Notification, SendOutcome } from '../receivers/integration.ts';
import { noDisk } from './no-disk.ts';

export interface RehearsalDeps {
  readonly clock: FakeClock;
  /** In place of the receivers.
   *  @param id `pager/slack/0` */
  readonly receive: (id: string, config: IntegrationConfig, notification: Notification) => SendOutcome;
  /** What happens to alerts. */
  readonly record: (event: HistoryEvent) => void;
  /** Of alerts at a time. */
  readonly maxAlerts?: number;
  /** By the names of receivers. */
  readonly receiverOptions?: ReadonlyMap<string, ReceiverOptions>;
  /** undefined: no receiver is shown any context. */
  readonly gatherContext?: GatherContext;
}

/** As alerting.yaml has them by default. */
const OPTIONS: EngineOptions = {
  limits: DEFAULT_ALERT_LIMITS,
  startupHoldMs: 0,
  retentionMs: 120 * 3_600_000,
  resolveWhatFired: true,
  resolveReason: true,
};

export const SILENT: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => SILENT,
};

/** In place of what is kept of log rules. */
export const NOTHING_KEPT: LogRulesDeps['store'] = {
  load: async () => undefined,
  save: async () => undefined,
  retain: async () => undefined,
};

/** To be started, and closed. */
export function rehearsalEngine(
  config: AlertmanagerConfig,
  {
    clock,
    receive,
    record,
    maxAlerts = DEFAULT_ALERT_LIMITS.alerts,
    receiverOptions = new Map(),
    gatherContext,
  }: RehearsalDeps,
): AlertEngine {
  let ids = 0;
  return new AlertEngine(
    '/',
    {
      config,
      options: { ...OPTIONS, limits: { ...DEFAULT_ALERT_LIMITS, alerts: maxAlerts } },
      receiverOptions,
      integrationsOf: (receiver) =>
        integrationsOf(receiver, (id, integration) => ({
          id,
          kind: integration.kind,
          sendsResolved: integration.sendResolved,
          send: async (notification) => receive(id, integration, notification),
        })),
    },
    {
      clock,
      random: () => 0,
      log: SILENT,
      fs: noDisk,
      newId: () => `silence-${ids++}`,
      counts: new NotifyCounts(() => undefined),
      record,
      gatherContext,
    },
  );
}
