/** Evaluates the rules of a group, one after the other: a rule sees what those before it have written. Source: Prometheus,
 *  rules/group.go. */
import type { Clock } from '@vigie/core/clock';
import { describeError } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { Querier } from '@vigie/promql/storage/querier';
import { advanceAlerts } from '../alerts/alert.ts';
import { alertSeries } from '../alerts/alert-series.ts';
import { type AlertNotification, notificationOf, takeDueAlerts } from '../alerts/due-alerts.ts';
import { findAlerts } from '../alerts/find-alerts.ts';
import { type RestoreTiming, restoreAlerts } from '../alerts/restore-alerts.ts';
import type { QueryVector } from '../query.ts';
import { recordSamples } from '../record-samples.ts';
import type { AlertingRule, RuleGroup } from '../rule.ts';
import { RuleError } from '../rule-error.ts';
import type { AppendSamples, RuleSample } from '../sample.ts';
import { evaluationTimeBefore } from './evaluation-times.ts';
import { RuleState } from './rule-state.ts';

/** What is the same for all groups of a configuration. */
export interface RuleSettings {
  /** Of groups that name none. */
  readonly intervalMs: number;
  /** How far behind the time of its evaluation a group looks, unless it says so itself. */
  readonly queryOffsetMs: number;
  readonly resendDelayMs: number;
  readonly externalLabels: ReadonlyMap<string, string>;
  readonly externalUrl: string;
}

export interface RuleWorld {
  readonly query: QueryVector;
  readonly append: AppendSamples;
  /** Takes alerts to be sent, and does not wait. */
  readonly notify: (alerts: readonly AlertNotification[]) => void;
  readonly clock: Clock;
  readonly log: Log;
}

export interface EvaluationSignals {
  /** The rule under way is the last. */
  readonly ending: AbortSignal;
  /** What is under way ends too. */
  readonly abort: AbortSignal;
}

export class GroupEvaluator {
  readonly group: RuleGroup;
  readonly intervalMs: number;
  readonly rules: readonly RuleState[];
  /** How long the last evaluation of all its rules took. */
  evaluationMs = 0;
  /** When it began, Unix ms; undefined before the first. */
  lastEvaluationMs: number | undefined;
  readonly counts = { iterations: 0, missed: 0, evaluations: 0, failures: 0, evaluationMs: 0, samples: 0 };
  /** Samples that were not taken, by reason. */
  readonly refused = new Map<string, number>();
  readonly #settings: RuleSettings;
  readonly #world: RuleWorld;
  readonly #log: Log;
  readonly #queryOffsetMs: number;
  /** Of rules that are no more, to be ended. */
  #staleSeries: readonly LabelSet[] = [];

  /** @param restored false where the state of alerts is to be restored first: `restore` */
  constructor(group: RuleGroup, settings: RuleSettings, world: RuleWorld, restored: boolean) {
    this.group = group;
    this.intervalMs = group.intervalMs ?? settings.intervalMs;
    this.rules = group.rules.map((rule) => new RuleState(rule, restored));
    this.#settings = settings;
    this.#world = world;
    this.#log = world.log.child({ file: group.file, group: group.name });
    this.#queryOffsetMs = group.queryOffsetMs ?? settings.queryOffsetMs;
  }

  /** Equal for groups that do the same. */
  get definition(): string {
    const { intervalMs, queryOffsetMs, resendDelayMs, externalLabels, externalUrl } = this.#settings;
    const { rules, ...group } = this.group;
    const parts = rules.map(({ query, ...rule }) =>
      rule.kind === 'recording'
        ? [rule.name, query.text, rule.labels]
        : [rule.name, query.text, rule.labels, rule.annotations, rule.holdMs, rule.keepFiringMs],
    );
    return JSON.stringify([group, parts, intervalMs, queryOffsetMs, resendDelayMs, [...externalLabels], externalUrl]);
  }

  evaluationTimeBefore(nowMs: number): number {
    return evaluationTimeBefore(this.group, this.intervalMs, nowMs);
  }

  /** What fails is known of the rule afterwards, and keeps no other rule from being evaluated.
   *  @throws the reason of `abort` */
  async evaluate(timestampMs: number, { ending, abort }: EvaluationSignals): Promise<void> {
    const { clock } = this.#world;
    const startedMs = clock.monotonicMs();
    this.lastEvaluationMs = clock.nowMs();
    this.counts.iterations += 1;
    let samples = 0;
    for (const state of this.rules) {
      if (ending.aborted) return;
      samples += await this.#evaluateRule(state, timestampMs, abort);
    }
    this.counts.samples = samples;
    await this.endStaleSeries(timestampMs, abort);
    this.evaluationMs = clock.monotonicMs() - startedMs;
  }

  /** The state of the alerts goes on, of rules with the same name and labels: the first with the first, and so on. */
  copyState(from: GroupEvaluator): void {
    this.evaluationMs = from.evaluationMs;
    this.lastEvaluationMs = from.lastEvaluationMs;
    Object.assign(this.counts, from.counts);
    for (const [reason, count] of from.refused) this.refused.set(reason, count);
    const left = new Map<string, RuleState[]>();
    for (const state of from.rules) left.set(state.identity, [...(left.get(state.identity) ?? []), state]);
    for (const state of this.rules) {
      const before = left.get(state.identity)?.shift();
      if (before === undefined) continue;
      state.series = before.series;
      if (state.rule.kind === before.rule.kind) state.alerts = before.alerts;
    }
    this.#staleSeries = [...from.#staleSeries, ...[...left.values()].flat().flatMap(seriesOf)];
  }

  /** Since when alerts were pending before the last restart. A storage that cannot answer leaves them as they are. */
  async restore(querier: Querier, timing: RestoreTiming, abort: AbortSignal): Promise<void> {
    for (const state of this.rules) {
      if (state.rule.kind !== 'alerting') continue;
      const nowMs = this.#world.clock.nowMs();
      try {
        state.alerts = await restoreAlerts(state.rule, state.alerts, querier, nowMs, timing, abort);
      } catch (error) {
        abort.throwIfAborted();
        this.#log.error('alerts begin anew, since their state cannot be read', { alert: state.rule.name, error });
      }
      state.restored = true;
    }
  }

  /** The group is no more: all that its rules have written ends with the next `endStaleSeries`. */
  abandonSeries(): void {
    this.#staleSeries = [...this.#staleSeries, ...this.rules.flatMap(seriesOf)];
    for (const state of this.rules) state.series = new Map();
  }

  /** @throws the reason of `abort` */
  async endStaleSeries(timestampMs: number, abort: AbortSignal): Promise<void> {
    if (this.#staleSeries.length === 0) return;
    try {
      // Refused is what another rule goes on writing.
      await this.#world.append(this.#staleAt(this.#staleSeries, timestampMs), abort);
      this.#staleSeries = [];
    } catch (error) {
      abort.throwIfAborted();
      this.#log.warn('series of former rules could not be ended', { error });
    }
  }

  async #evaluateRule(state: RuleState, timestampMs: number, abort: AbortSignal): Promise<number> {
    const { clock } = this.#world;
    const startedMs = clock.monotonicMs();
    const beganMs = clock.nowMs();
    this.counts.evaluations += 1;
    try {
      const samples = await this.#samplesOf(state, timestampMs, abort);
      state.health = 'ok';
      state.lastError = undefined;
      if (state.rule.kind === 'alerting') this.#notify(state, state.rule, timestampMs);
      await this.#write(state, samples, timestampMs, abort);
      return samples.length;
    } catch (error) {
      abort.throwIfAborted();
      state.health = 'err';
      state.lastError = describeError(error);
      this.counts.failures += 1;
      if (state.rule.kind === 'alerting' && state.rule.keepsOnError) this.#notify(state, state.rule, timestampMs);
      this.#log.warn('a rule could not be evaluated', { rule: state.rule.name, error });
      return 0;
    } finally {
      state.evaluationMs = clock.monotonicMs() - startedMs;
      state.lastEvaluationMs = beganMs;
      this.counts.evaluationMs += state.evaluationMs;
    }
  }

  async #samplesOf(state: RuleState, timestampMs: number, abort: AbortSignal): Promise<readonly RuleSample[]> {
    const { rule } = state;
    const { limit } = this.group;
    const writtenMs = timestampMs - this.#queryOffsetMs;
    const vector = await this.#world.query({ ...rule.query }, writtenMs, abort);
    if (rule.kind === 'recording') return recordSamples(rule, vector, writtenMs, limit);
    const context = { ...this.#settings, query: this.#world.query };
    const found = await findAlerts(rule, vector, timestampMs, context, abort);
    const { alerts, active } = advanceAlerts(state.alerts, found, timestampMs, rule);
    if (limit > 0 && active.length > limit) {
      state.alerts = new Map();
      throw new RuleError(`exceeded limit of ${limit} with ${active.length} alerts`);
    }
    state.alerts = alerts;
    return state.restored ? alertSeries(rule, active, writtenMs) : [];
  }

  #notify(state: RuleState, rule: AlertingRule, timestampMs: number): void {
    const { resendDelayMs, externalUrl } = this.#settings;
    const timing = { resendDelayMs, intervalMs: this.intervalMs };
    const { alerts, due } = takeDueAlerts(state.alerts, timestampMs, timing);
    state.alerts = alerts;
    if (due.length > 0) this.#world.notify(due.map((alert) => notificationOf(alert, rule, externalUrl)));
  }

  /** Series that the rule wrote the last time, and does not now, end. */
  async #write(
    state: RuleState,
    samples: readonly RuleSample[],
    timestampMs: number,
    abort: AbortSignal,
  ): Promise<void> {
    const keys = new Set(samples.map(({ labels }) => labels.key));
    const gone = [...state.series].filter(([key]) => !keys.has(key)).map(([, labels]) => labels);
    const all = [...samples, ...this.#staleAt(gone, timestampMs)];
    const refusals = all.length === 0 ? [] : await this.#world.append(all, abort);
    const written = new Map<string, LabelSet>();
    for (const [index, { labels }] of samples.entries()) {
      const refusal = refusals[index];
      if (refusal === undefined) {
        written.set(labels.key, labels);
        continue;
      }
      state.health = 'err';
      state.lastError = refusal.message;
      this.refused.set(refusal.reason, (this.refused.get(refusal.reason) ?? 0) + 1);
    }
    state.series = written;
    if (written.size < samples.length) {
      this.#log.warn('samples of a rule were not taken', {
        rule: state.rule.name,
        refused: samples.length - written.size,
        lastError: state.lastError,
      });
    }
  }

  #staleAt(series: readonly LabelSet[], timestampMs: number): readonly RuleSample[] {
    return series.map((labels) => ({ labels, timestampMs: timestampMs - this.#queryOffsetMs, value: 'stale' }));
  }
}

function seriesOf({ series }: RuleState): readonly LabelSet[] {
  return [...series.values()];
}
