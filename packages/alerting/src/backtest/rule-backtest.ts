/** When the alerts of one rule would have been pending and have fired: what evaluates rules, over the steps of a range. */
import { describeError, errorCode } from '@vigie/core/errors';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import { lifetimeMs } from '@vigie/rules/alerts/due-alerts';
import { type AlertMemory, evaluateAlerts, NO_MEMORY, watchesSeries } from '@vigie/rules/alerts/evaluate-alerts';
import type { AlertingRule } from '@vigie/rules/rule';
import type { RulePolicy } from '@vigie/rules/rule-policy';
import type { AlertFinder } from './alert-finder.ts';
import type { AskAt } from './asked-rule.ts';

/** From the evaluation at which an alert was found, or fired, to the one at which that was over. */
export interface AlertSpan {
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
  /** Unix ms. */
  readonly startMs: number;
  /** undefined: it goes on. */
  readonly endMs: number | undefined;
}

export interface FailedEvaluations {
  readonly count: number;
  /** What the last of them failed with. */
  readonly error: string;
}

export interface RuleBacktestOptions {
  readonly rule: AlertingRule;
  /** Of the group. */
  readonly limit: number;
  /** Between evaluations. */
  readonly stepMs: number;
  readonly policy: RulePolicy;
  /** After which an alert that goes on is told again. */
  readonly resendDelayMs: number;
  readonly finder: Pick<AlertFinder, 'alertsOf'>;
}

export class RuleBacktest {
  readonly #options: RuleBacktestOptions;
  readonly #firing = new Spans();
  readonly #pending = new Spans();
  #memory: AlertMemory = NO_MEMORY;
  #failed: FailedEvaluations | undefined;

  constructor(options: RuleBacktestOptions) {
    // Why an alert is over is told, and not counted: nobody has to be asked for that.
    this.#options = { ...options, policy: { ...options.policy, tellsNoData: false } };
  }

  /** Takes the next evaluation.
   *  @throws what ask throws; the signal's reason
   *  Cost: O(alerts + found). */
  async advance(timestampMs: number, askAt: AskAt, signal: AbortSignal): Promise<void> {
    const { rule, limit, policy, finder } = this.#options;
    const samples = await askAt(rule.query, timestampMs);
    if (samples.length === 0 && this.#isAtRest) return;
    const context = {
      find: (found: typeof samples) => finder.alertsOf(found, timestampMs, signal),
      ask: (query: typeof rule.query) => askAt(query, timestampMs),
      policy,
      limit,
    };
    try {
      const evaluated = await evaluateAlerts(rule, samples, this.#memory, timestampMs, context, signal);
      const { memory, problem, exceeded } = evaluated;
      this.#memory = memory;
      this.#note(timestampMs);
      const failure = exceeded?.message ?? problem;
      if (failure !== undefined) this.#fail(failure);
    } catch (error) {
      // Its alerts stay as they are.
      if (errorCode(error) !== 'RULE_FAILED') throw error;
      this.#fail(describeError(error));
    }
  }

  /** In the order of their ends, those that go on behind the others. */
  get spans(): readonly AlertSpan[] {
    return this.#firing.all;
  }

  /** The same of pending ones. */
  get pendingSpans(): readonly AlertSpan[] {
    return this.#pending.all;
  }

  /** undefined: none has failed. */
  get failed(): FailedEvaluations | undefined {
    return this.#failed;
  }

  /** Nothing becomes of nothing, unless what is missing is what the rule looks for. */
  get #isAtRest(): boolean {
    const { rule, policy } = this.#options;
    const { alerts, flaps } = this.#memory;
    return alerts.size === 0 && flaps.size === 0 && !watchesSeries(rule.options.noData ?? policy.noData);
  }

  #note(timestampMs: number): void {
    const { alerts } = this.#memory;
    const { stepMs, resendDelayMs } = this.#options;
    const forgottenMs = timestampMs - stepMs + lifetimeMs({ resendDelayMs, intervalMs: stepMs });
    for (const key of this.#pending.open) if (alerts.get(key)?.state !== 'pending') this.#pending.end(key, timestampMs);
    for (const key of this.#firing.open) {
      const state = alerts.get(key)?.state;
      // Of one that is lost, and not over, nobody tells any more.
      if (state !== 'firing') this.#firing.end(key, state === undefined ? forgottenMs : timestampMs);
    }
    for (const [key, { state, labels, annotations }] of alerts) {
      if (state === 'inactive') continue;
      const spans = state === 'firing' ? this.#firing : this.#pending;
      spans.begin(key, { labels, annotations, startMs: timestampMs });
    }
  }

  #fail(error: string): void {
    this.#failed = { count: (this.#failed?.count ?? 0) + 1, error };
  }
}

class Spans {
  readonly #open = new Map<string, Omit<AlertSpan, 'endMs'>>();
  readonly #ended: AlertSpan[] = [];

  get open(): Iterable<string> {
    return this.#open.keys();
  }

  get all(): readonly AlertSpan[] {
    return [...this.#ended, ...Array.from(this.#open.values(), (span) => ({ ...span, endMs: undefined }))];
  }

  /** One that has begun goes on. */
  begin(key: string, span: Omit<AlertSpan, 'endMs'>): void {
    if (!this.#open.has(key)) this.#open.set(key, span);
  }

  end(key: string, endMs: number): void {
    const span = this.#open.get(key);
    if (span !== undefined && this.#open.delete(key)) this.#ended.push({ ...span, endMs });
  }
}
