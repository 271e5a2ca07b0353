/** An engine that tells nobody and keeps nothing: it groups, mutes and notifies as the one of a service does, on a clock of its own. */
import type { FakeClock } from '@vigie/core/fake-clock';
import type { Log } from '@vigie/core/log';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { IntegrationConfig } from '../config/receiver-section.ts';
import type { ConfiguredEngine } from '../configured-engine.ts';
import { AlertEngine } from '../engine.ts';
import type { HistoryEvent } from '../history/history-event.ts';
import type { LogRulesDeps } from '../logs/log-rules.ts';
import type { GatherContext } from '../notify/notifier.ts';
import { NotifyCounts } from '../notify/notify-counts.ts';
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
  /** As EngineDeps has it. */
  readonly pendingAlerts: () => Iterable<LabelSet>;
  /** undefined: no receiver is shown any context. */
  readonly gatherContext?: GatherContext;
}

/** The middle of what a wait between two attempts may be: a wait of nothing would let the clock stand still. */
const RANDOM = 0.5;

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
  configured: ConfiguredEngine,
  { clock, receive, record, pendingAlerts, gatherContext }: RehearsalDeps,
): AlertEngine {
  let ids = 0;
  return new AlertEngine(
    '/',
    {
      ...configured,
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
      random: () => RANDOM,
      log: SILENT,
      fs: noDisk,
      newId: () => `silence-${ids++}`,
      counts: new NotifyCounts(() => undefined),
      record,
      pendingAlerts,
      gatherContext,
    },
  );
}
