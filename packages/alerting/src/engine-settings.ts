/** What the engine of alerts is made of, and what of it a reload replaces. */
import type { Clock } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { AlertLimits } from './alerts/alert-store.ts';
import type { AlertmanagerConfig } from './config/load-config.ts';
import type { ReceiverConfig } from './config/receiver-section.ts';
import type { Replication } from './ha/replication.ts';
import type { HistoryEvent } from './history/history-event.ts';
import type { GatherContext, NotifyOptions } from './notify/notifier.ts';
import type { NotifyCounts } from './notify/notify-counts.ts';
import type { ReceiverOptions } from './notify/receiver.ts';
import type { Integration } from './receivers/integration.ts';
import type { StateFs } from './state/state-fs.ts';

export interface EngineOptions extends NotifyOptions {
  readonly limits: AlertLimits;
  /** How long alerts that would have come again while nobody listened are held as firing after a start. */
  readonly startupHoldMs: number;
  /** Of silences behind their end, and of what was told. */
  readonly retentionMs: number;
  /** Whether a repeat is told when repeat_interval is over, and not at the group_interval behind it; false unless given. */
  readonly repeatOnTime?: boolean | undefined;
  /** Of an alert that began less long ago, pending ones that would inhibit it are waited for; 0 unless given. */
  readonly inhibitionHoldMs?: number | undefined;
  /** For how long nothing has to fire of what a silence silences that is to end with it; ENDS_AFTER_MS unless given. */
  readonly silenceEndsAfterMs?: number | undefined;
  /** At a time, those that have ended and can still be looked at among them; MOST_SILENCES unless given. */
  readonly mostSilences?: number | undefined;
}

/** What is in force. */
export interface EngineSettings {
  readonly config: AlertmanagerConfig;
  readonly options: EngineOptions;
  /** By the names of receivers. */
  readonly receiverOptions: ReadonlyMap<string, ReceiverOptions>;
  readonly integrationsOf: (receiver: ReceiverConfig) => readonly Integration[];
}

export interface EngineDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly fs: StateFs;
  /** For silences: an id that nothing has. */
  readonly newId: () => string;
  readonly counts: NotifyCounts;
  /** What happens to alerts from the start on. */
  readonly record: (event: HistoryEvent) => void;
  /** Labels of alerts that rules have found and that do not fire yet; undefined: there are no rules. */
  readonly pendingAlerts?: (() => Iterable<LabelSet>) | undefined;
  /** Of this service: alerts of its rules are told with them. None unless given. */
  readonly externalLabels?: (() => LabelSet) | undefined;
  /** undefined: no receiver is shown any context. */
  readonly gatherContext?: GatherContext | undefined;
  /** undefined: there is one replica. */
  readonly replication?: Replication | undefined;
}
