/** What the history is told of alerts as the engine takes them. */
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { RuleRecord } from '@vigie/rules/state/rule-record';
import type { Alert } from '../dispatch/alert.ts';
import { withExternal } from '../rules/posted-alerts.ts';
import { AlertChanges } from './alert-changes.ts';
import type { HistoryEvent } from './history-event.ts';
import { pendingEvent } from './pending-events.ts';

export interface AlertEventsDeps {
  readonly record: (event: HistoryEvent) => void;
  /** What is kept in the place of a record of rules. */
  readonly inPlaceOf: (record: RuleRecord) => RuleRecord | undefined;
  /** Of this service: alerts of its rules are told with them. None unless given. */
  readonly externalLabels?: (() => LabelSet) | undefined;
}

export class AlertEvents {
  readonly #changes = new AlertChanges();
  readonly #deps: AlertEventsDeps;

  constructor(deps: AlertEventsDeps) {
    this.#deps = deps;
  }

  /** Of an alert that there was before a restart, which is no event. */
  restore(alert: Alert, nowMs: number): void {
    this.#changes.restore(alert, nowMs);
  }

  recordChanges(alerts: Iterable<Alert>, nowMs: number): void {
    for (const alert of alerts) for (const event of this.#changes.note(alert, nowMs)) this.#deps.record(event);
  }

  /** Those that nobody has told of until their end. */
  recordEnded(nowMs: number): void {
    for (const event of this.#changes.ended(nowMs)) this.#deps.record(event);
  }

  /** @param next that is to be kept */
  recordPending(next: RuleRecord, nowMs: number): void {
    const { inPlaceOf, externalLabels, record } = this.#deps;
    const toldAs = (labels: LabelSet) => withExternal(labels, externalLabels?.() ?? LabelSet.empty);
    const event = pendingEvent(inPlaceOf(next), next, toldAs, nowMs);
    if (event !== undefined) record(event);
  }
}
