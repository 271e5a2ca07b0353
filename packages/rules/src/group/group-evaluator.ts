/** Evaluates the rules of a group, one after the other: a rule sees what those before it have written. Source: Prometheus,
 *  rules/group.go. */
import { describeError } from '@vigie/core/errors';
import type { Log } from '@vigie/core/log';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { Querier } from '@vigie/promql/storage/querier';
import { alertSeries } from '../alerts/alert-series.ts';
import { generatorUrlOf, notificationOf, takeDueAlerts } from '../alerts/due-alerts.ts';
import { type AlertMemory, evaluateAlerts, NO_MEMORY } from '../alerts/evaluate-alerts.ts';
import { findAlerts } from '../alerts/find-alerts.ts';
import { type RestoreTiming, restoreAlerts } from '../alerts/restore-alerts.ts';
import type { QueryVector } from '../query.ts';
import { recordSamples } from '../record-samples.ts';
import type { RemovedRule } from '../removed-rules.ts';
import { type AlertingRule, groupKey, type RuleGroup } from '../rule.ts';
import type { RuleSample } from '../sample.ts';
import { changesOf, memoriesOf, placeKey, type RuleRecord } from '../state/rule-record.ts';
import { evaluationTimeBefore } from './evaluation-times.ts';
import { placesOf } from './places.ts';
import { RuleState } from './rule-state.ts';
import type { EvaluationSignals, RuleSettings, RuleWorld } from './rule-world.ts';

export class GroupEvaluator {
  readonly group: RuleGroup;
  readonly intervalMs: number;
  readonly rules: readonly RuleState[];
  /** How long the last evaluation of all its rules took. */
  evaluationMs = 0;
  /** When it began, Unix ms; undefined before the first. */
  lastEvaluationMs: number | undefined;
  readonly counts = { iterations: 0, missed: 0, evaluations: 0, failures: 0, evaluationMs: 0, samples: 0 };
  isUnderWay = false;
  /** Samples that were not taken, by reason. */
  readonly refused = new Map<string, number>();
  readonly #settings: RuleSettings;
  readonly #world: RuleWorld;
  readonly #log: Log;
  readonly #queryOffsetMs: number;
  /** Of rules that are no more, to be ended. */
  #staleSeries: readonly LabelSet[] = [];
  #removed: readonly RemovedRule[] = [];

  /** @param restored false where the state of alerts is to be restored first: `restore` */
  constructor(group: RuleGroup, settings: RuleSettings, world: RuleWorld, restored: boolean) {
    this.group = group;
    this.intervalMs = group.intervalMs ?? settings.intervalMs;
    const places = placesOf(group);
    this.rules = group.rules.map((rule, index) => new RuleState(rule, places[index]!, restored));
    this.#settings = settings;
    this.#world = world;
    this.#log = world.log.child({ file: group.file, group: group.name });
    this.#queryOffsetMs = group.queryOffsetMs ?? settings.queryOffsetMs;
  }

  get key(): string {
    return groupKey(this.group);
  }

  /** Equal for groups that do the same. */
  get definition(): string {
    const { intervalMs, queryOffsetMs, resendDelayMs, externalLabels, externalUrl, graphUrl, policy } = this.#settings;
    const { rules, warnings: _, ...group } = this.group;
    const parts = rules.map(({ query, ...rule }) =>
      rule.kind === 'recording'
        ? [rule.name, query.text, rule.labels]
        : [rule.name, query.text, rule.labels, rule.annotations, rule.holdMs, rule.keepFiringMs],
    );
    const settings = [intervalMs, queryOffsetMs, resendDelayMs, [...externalLabels], externalUrl, graphUrl, policy];
    return JSON.stringify([group, parts, settings]);
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
    this.isUnderWay = true;
    try {
      await this.#evaluateRules(timestampMs, ending, abort);
    } finally {
      this.isUnderWay = false;
      this.evaluationMs = clock.monotonicMs() - startedMs;
    }
  }

  async #evaluateRules(timestampMs: number, ending: AbortSignal, abort: AbortSignal): Promise<void> {
    this.counts.iterations += 1;
    const left = this.rules.values();
    let isCut = false;
    let samples = 0;
    const work = async (): Promise<void> => {
      for (const state of left) {
        isCut ||= ending.aborted;
        if (isCut) return;
        const written = await this.#evaluateRule(state, timestampMs, abort);
        samples += written;
      }
    };
    await Promise.all(Array.from({ length: this.group.concurrency }, work));
    if (isCut) return;
    this.counts.samples = samples;
    await this.endStaleSeries(timestampMs, abort);
  }

  /** The state of the alerts goes on, of rules with the same name and labels: the first with the first, and so on. */
  copyState(from: GroupEvaluator): void {
    this.evaluationMs = from.evaluationMs;
    this.lastEvaluationMs = from.lastEvaluationMs;
    Object.assign(this.counts, from.counts);
    for (const [reason, count] of from.refused) this.refused.set(reason, count);
    const left = new Map(from.rules.map((state) => [placeKey(state.place), state]));
    for (const state of this.rules) {
      const key = placeKey(state.place);
      const before = left.get(key);
      if (before === undefined) continue;
      state.series = before.series;
      if (state.rule.kind !== before.rule.kind) continue;
      state.memory = before.memory;
      left.delete(key);
    }
    const gone = [...left.values()];
    const isTaken = new Set(this.rules.map(({ place }) => placeKey(place)));
    const ended = gone.filter(({ place }) => !isTaken.has(placeKey(place)));
    this.#staleSeries = [...this.#staleSeries, ...from.#staleSeries, ...ended.flatMap(seriesOf)];
    this.#removed = [...this.#removed, ...from.#removed, ...gone.map((state) => from.#removedRule(state))];
  }

  /** The state of the alerts is what was kept of it, and nothing else. */
  restoreRecords(records: Iterable<RuleRecord>): void {
    const kept = memoriesOf(records);
    for (const state of this.rules) {
      const key = placeKey(state.place);
      const memory = kept.get(key)?.memory ?? NO_MEMORY;
      if (state.rule.kind !== 'alerting') continue;
      kept.delete(key);
      state.memory = memory;
    }
    this.#removed = Array.from(kept.values(), ({ place, memory }) => ({ place, memory, generatorUrl: '' }));
  }

  /** Rules that were here, and are no more; those of an evaluator that is told to be no more are all of its own.
   *  @returns each once */
  takeRemoved(isGone = false): readonly RemovedRule[] {
    const removed = this.#removed;
    this.#removed = [];
    return isGone ? [...removed, ...this.rules.map((state) => this.#removedRule(state))] : removed;
  }

  /** Since when alerts were pending before the last restart. A storage that cannot answer leaves them as they are. */
  async restore(querier: Querier, timing: RestoreTiming, abort: AbortSignal): Promise<void> {
    for (const state of this.rules) {
      if (state.rule.kind !== 'alerting') continue;
      const nowMs = this.#world.clock.nowMs();
      try {
        const alerts = await restoreAlerts(state.rule, state.alerts, querier, nowMs, timing, abort);
        state.memory = { ...state.memory, alerts };
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
    let before = state.memory;
    try {
      const { samples, problem } = await this.#samplesOf(state, timestampMs, abort);
      state.judge(problem, beganMs);
      state.isWithoutData = problem !== undefined;
      if (problem !== undefined) this.counts.failures += 1;
      await this.#tell(state, before, timestampMs, true);
      before = state.memory;
      await this.#world.evaluated?.(state.rule);
      await this.#write(state, samples, timestampMs, abort);
      return samples.length;
    } catch (error) {
      abort.throwIfAborted();
      state.judge(describeError(error), beganMs);
      state.isWithoutData = false;
      this.counts.failures += 1;
      this.#log.warn('a rule could not be evaluated', { rule: state.rule.name, error });
      await this.#tell(state, before, timestampMs, this.#settings.policy.onError === 'keep');
      return 0;
    } finally {
      state.evaluationMs = clock.monotonicMs() - startedMs;
      state.lastEvaluationMs = beganMs;
      this.counts.evaluationMs += state.evaluationMs;
    }
  }

  async #samplesOf(state: RuleState, timestampMs: number, abort: AbortSignal): Promise<RuleOutcome> {
    const { rule } = state;
    const { limit, extras } = this.group;
    const writtenMs = timestampMs - this.#queryOffsetMs;
    const query: QueryVector = (asked, atMs, signal) => this.#world.query(asked, atMs, signal, extras);
    const ask = ({ text, expr }: typeof rule.query) => query({ text, expr }, writtenMs, abort);
    const vector = await ask(rule.query);
    if (rule.kind === 'recording')
      return { samples: recordSamples(rule, vector, writtenMs, limit), problem: undefined };
    const { policy } = this.#settings;
    const expanding = { ...this.#settings, query };
    const find = (found: typeof vector) => findAlerts(rule, found, timestampMs, expanding, abort);
    const context = { find, ask, policy, limit };
    const evaluated = await evaluateAlerts(rule, vector, state.memory, timestampMs, context, abort);
    const { memory, active, problem, exceeded } = evaluated;
    state.memory = memory;
    if (exceeded !== undefined) throw exceeded;
    return { samples: state.restored ? alertSeries(rule, active, writtenMs) : [], problem };
  }

  /** Tells of alerts first: what is kept behind that may be lost, and then it is told again. */
  async #tell(state: RuleState, before: AlertMemory, timestampMs: number, isTold: boolean): Promise<void> {
    const { rule } = state;
    if (rule.kind !== 'alerting') return;
    const { resendDelayMs } = this.#settings;
    if (isTold) {
      const timing = { resendDelayMs, intervalMs: this.intervalMs };
      const { alerts, due } = takeDueAlerts(state.alerts, timestampMs, timing);
      state.memory = { ...state.memory, alerts };
      if (due.length > 0) {
        const url = this.#generatorUrlOf(rule);
        this.#world.notify(due.map((alert) => notificationOf(alert, url)));
      }
    }
    if (this.#world.keep === undefined) return;
    const changes = changesOf(state.place, before, state.memory);
    if (changes.length > 0) await this.#world.keep(changes);
  }

  #removedRule({ rule, place, memory }: RuleState): RemovedRule {
    return { place, memory, generatorUrl: rule.kind === 'alerting' ? this.#generatorUrlOf(rule) : '' };
  }

  #generatorUrlOf(rule: AlertingRule): string {
    const { externalUrl, graphUrl = externalUrl } = this.#settings;
    return generatorUrlOf(rule, graphUrl);
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

interface RuleOutcome {
  readonly samples: readonly RuleSample[];
  /** Why the rule counts as failed, although there are samples. */
  readonly problem: string | undefined;
}

function seriesOf({ series }: RuleState): readonly LabelSet[] {
  return [...series.values()];
}
