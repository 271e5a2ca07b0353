/** What is known of a rule from its evaluations. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { Alert, AlertState, Alerts } from '../alerts/alert.ts';
import { type AlertMemory, NO_MEMORY } from '../alerts/evaluate-alerts.ts';
import type { Rule } from '../rule.ts';
import type { RulePlace } from '../state/rule-record.ts';

export type RuleHealth = 'unknown' | 'ok' | 'err';

export class RuleState {
  readonly rule: Rule;
  readonly place: RulePlace;
  health: RuleHealth = 'unknown';
  lastError: string | undefined;
  /** Whether the error is that data is gone: its alerts are what they should be. */
  isWithoutData = false;
  /** Since when each evaluation fails, Unix ms. */
  failingSinceMs: number | undefined;
  /** How long the last evaluation took. */
  evaluationMs = 0;
  /** When it began, Unix ms; undefined before the first. */
  lastEvaluationMs: number | undefined;
  /** Of an alerting rule. */
  memory: AlertMemory = NO_MEMORY;
  /** What the last evaluation wrote, by the key of its labels. */
  series: ReadonlyMap<string, LabelSet> = new Map();
  /** Whether ALERTS may be written: before the state of the last run has been read, writing would cover it. */
  restored: boolean;

  constructor(rule: Rule, place: RulePlace, restored: boolean) {
    this.rule = rule;
    this.place = place;
    this.restored = restored;
  }

  get alerts(): Alerts {
    return this.memory.alerts;
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

  /** @param problem of the evaluation, undefined of one that went well
   *  @param beganMs Unix ms */
  judge(problem: string | undefined, beganMs: number): void {
    this.health = problem === undefined ? 'ok' : 'err';
    this.lastError = problem;
    this.failingSinceMs = problem === undefined ? undefined : (this.failingSinceMs ?? beganMs);
  }
}
