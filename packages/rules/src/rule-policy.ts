/** What rules do where Prometheus leaves no choice: the named options of all rules, and those that a rule has for itself. */
import type { FlapLimit } from './alerts/flapping.ts';
import type { RuleQuery } from './rule.ts';

/** What becomes of an alert whose data is gone:
 *  - resolve: it is over, as in Prometheus
 *  - keep: it stays as it is
 *  - alert: each series that was there, and is gone, is an alert
 *  - error: it stays as it is, and the rule counts as failed */
export const NO_DATA = ['keep', 'resolve', 'alert', 'error'] as const;
export type NoData = (typeof NO_DATA)[number];

export interface RulePolicy {
  /** Of rules that say nothing about it. */
  readonly noData: NoData;
  /** How long an alert is held, and a series remembered, without data. */
  readonly noDataForMs: number;
  /** Whether one that is resolved says that its data is gone: it takes a second query for each evaluation that ends an alert. */
  readonly tellsNoData: boolean;
  /** Of rules that say nothing about it. */
  readonly flap: FlapLimit | undefined;
  /** What becomes of the alerts of a rule that fails: they are kept, with an end that is put off; or they end as if nobody told of them. */
  readonly onError: 'keep' | 'expire';
  /** What becomes of a rule with more alerts than its group's `limit`: it loses all of them, as in Prometheus; or those within it are told, and say how
   *  many others there are. */
  readonly onLimit: 'clear' | 'tell';
  /** What becomes of the alerts of a rule that a reload removes: they are told as resolved; or end as if nobody told of them. */
  readonly onRemoved: 'resolve' | 'expire';
}

export const DEFAULT_POLICY: RulePolicy = {
  noData: 'resolve',
  noDataForMs: 86_400_000,
  tellsNoData: true,
  flap: undefined,
  onError: 'keep',
  onLimit: 'clear',
  onRemoved: 'resolve',
};

/** What an alerting rule says for itself. */
export interface AlertOptions {
  /** undefined: what the policy says. */
  readonly noData: NoData | undefined;
  /** What ends an alert that fires; undefined: that its expression no longer finds it. */
  readonly clear: RuleQuery | undefined;
  /** undefined: what the policy says. */
  readonly flap: FlapLimit | 'off' | undefined;
  /** Gives a series where the expression has data; undefined where that cannot be asked. */
  readonly presence: RuleQuery | undefined;
}
