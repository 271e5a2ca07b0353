/** When the alerts of one rule would have fired: the state machine of rules over the steps of a range. Pure. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import { type Alerts, type AlertTiming, advanceAlerts, type FoundAlert } from '@vigie/rules/alerts/alert';

/** From the evaluation at which an alert fired to the one at which it was over. */
export interface FiringSpan {
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
  /** Unix ms. */
  readonly startMs: number;
  /** undefined: it still fires. */
  readonly endMs: number | undefined;
}

export class RuleBacktest {
  readonly #timing: AlertTiming;
  #alerts: Alerts = new Map();
  readonly #firing = new Map<string, Omit<FiringSpan, 'endMs'>>();
  readonly #ended: FiringSpan[] = [];

  constructor(timing: AlertTiming) {
    this.#timing = timing;
  }

  /** Takes the next evaluation.
   *  @param found by the key of their labels
   *  Cost: O(alerts + found). */
  advance(timestampMs: number, found: ReadonlyMap<string, FoundAlert>): void {
    if (found.size === 0 && this.#alerts.size === 0) return;
    this.#alerts = advanceAlerts(this.#alerts, found, timestampMs, this.#timing).alerts;
    for (const [key, { state, labels, annotations }] of this.#alerts) {
      const known = this.#firing.get(key);
      if (state === 'firing') {
        if (known === undefined) this.#firing.set(key, { labels, annotations, startMs: timestampMs });
      } else if (known !== undefined) {
        this.#firing.delete(key);
        this.#ended.push({ ...known, endMs: timestampMs });
      }
    }
  }

  /** In the order of their ends, those that go on behind the others. */
  get spans(): readonly FiringSpan[] {
    return [...this.#ended, ...Array.from(this.#firing.values(), (span) => ({ ...span, endMs: undefined }))];
  }
}
