/** What is known of a rule from its evaluations. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { Alert, AlertState, Alerts } from '../alerts/alert.ts';
import type { Rule } from '../rule.ts';

export type RuleHealth = 'unknown' | 'ok' | 'err';

export class RuleState {
  readonly rule: Rule;
  health: RuleHealth = 'unknown';
  lastError: string | undefined;
  /** How long the last evaluation took. */
  evaluationMs = 0;
  /** When it began, Unix ms; undefined before the first. */
  lastEvaluationMs: number | undefined;
  /** Of an alerting rule. */
  alerts: Alerts = new Map();
  /** What the last evaluation wrote, by the key of its labels. */
  series: ReadonlyMap<string, LabelSet> = new Map();
  /** Whether ALERTS may be written: before the state of the last run has been read, writing would cover it. */
  restored: boolean;

  constructor(rule: Rule, restored: boolean) {
    this.rule = rule;
    this.restored = restored;
  }

  /** Those pending or firing. */
  get activeAlerts(): readonly Alert[] {
    return [...this.alerts.values()].filter(({ state }) => state !== 'inactive');
  }

  /** The highest of its alerts. */
  get alertState(): AlertState | 'unknown' {
    if (this.lastEvaluationMs === undefined) return 'unknown';
    const states = new Set(this.activeAlerts.map(({ state }) => state));
    if (states.has('firing')) return 'firing';
    return states.has('pending') ? 'pending' : 'inactive';
  }

  /** What tells rules of one group apart over a reload. */
  get identity(): string {
    return `${this.rule.name}\xff${this.rule.labels.key}`;
  }
}
