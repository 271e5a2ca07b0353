/** What groups of rules are evaluated with. */
import type { Clock } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import type { AlertNotification } from '../alerts/due-alerts.ts';
import type { QueryVector } from '../query.ts';
import type { Rule } from '../rule.ts';
import type { RulePolicy } from '../rule-policy.ts';
import type { AppendSamples } from '../sample.ts';
import type { RuleRecord } from '../state/rule-record.ts';

/** What is the same for all groups of a configuration. */
export interface RuleSettings {
  /** Of groups that name none. */
  readonly intervalMs: number;
  /** How far behind the time of its evaluation a group looks, unless it says so itself. */
  readonly queryOffsetMs: number;
  readonly resendDelayMs: number;
  readonly externalLabels: ReadonlyMap<string, string>;
  readonly externalUrl: string;
  /** Below it, at /graph, users see expressions; externalUrl unless given. */
  readonly graphUrl?: string | undefined;
  readonly policy: RulePolicy;
}

export interface RuleWorld {
  readonly query: QueryVector;
  readonly append: AppendSamples;
  /** Takes alerts to be sent, and does not wait. */
  readonly notify: (alerts: readonly AlertNotification[]) => void;
  /** Resolves when what has changed is kept, or known not to be; undefined where nothing is. */
  readonly keep?: (records: readonly RuleRecord[]) => Promise<void>;
  /** After an evaluation that went well: its alerts are told, and kept. Whoever has answered its query may keep now what it knows of that. */
  readonly evaluated?: (rule: Rule) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface EvaluationSignals {
  /** The rule under way is the last. */
  readonly ending: AbortSignal;
  /** What is under way ends too. */
  readonly abort: AbortSignal;
}
