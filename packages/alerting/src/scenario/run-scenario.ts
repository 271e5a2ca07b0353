/** Runs one scenario: its rules over its series and lines, and the engine that tells of their alerts, on a clock that goes as fast as they do. */
import { systemClock } from '@vigie/core/clock';
import { bug, describeError } from '@vigie/core/errors';
import { FakeClock } from '@vigie/core/fake-clock';
import { Engine } from '@vigie/promql/evaluate/engine';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import { openMemoryStorage } from '@vigie/promql/script/memory';
import type { ScriptStorage } from '@vigie/promql/script/run-script';
import type { Alert } from '@vigie/rules/alerts/alert';
import type { AlertNotification } from '@vigie/rules/alerts/due-alerts';
import { GroupEvaluator } from '@vigie/rules/group/group-evaluator';
import { engineQuery } from '@vigie/rules/query';
import type { RuleGroup } from '@vigie/rules/rule';
import { appendTo, InputSeries } from '@vigie/rules/unit-test/test-storage';
import type { PostedAlert } from '../alerts/posted-alert.ts';
import type { AlertingConfig } from '../config/alerting-config.ts';
import { configuredEngine } from '../configured-engine.ts';
import { ChartStore } from '../context/chart-store.ts';
import { ContextCounts } from '../context/context-counts.ts';
import { PageContext } from '../context/page-context.ts';
import type { AlertEngine } from '../engine.ts';
import { ExpectedHeartbeats } from '../heartbeat/expected-heartbeats.ts';
import type { MuteEvent } from '../history/history-event.ts';
import { LogRules } from '../logs/log-rules.ts';
import type { LogSource } from '../logs/log-source.ts';
import { withLogRules } from '../logs/with-log-rules.ts';
import { postedAlerts, withExternal } from '../rules/posted-alerts.ts';
import { loadReceiverTemplates } from '../templates/load-templates.ts';
import { isLike } from './alert-pattern.ts';
import { NOTHING_KEPT, rehearsalEngine, SILENT } from './rehearsal.ts';
import type { Scenario, ScenarioFile, ScenarioHeartbeat } from './scenario.ts';
import { ScenarioLogs } from './scenario-logs.ts';
import { ScenarioReceivers, type ScenarioReceiversDeps, type ToldNotification } from './scenario-receivers.ts';

/** What has become of the alerts of a scenario. */
export interface ScenarioOutcome {
  /** In order. */
  readonly told: readonly ToldNotification[];
  readonly mutes: readonly MuteEvent[];
  /** Alerts that were pending at some time, and those that fired. */
  readonly pending: readonly LabelSet[];
  readonly fired: readonly LabelSet[];
  /** Rules that could not be evaluated, templates that could not be expanded, acknowledgements of nothing. */
  readonly errors: readonly string[];
}

/** @param rules on series and on lines
 *  @throws {ConfigError} of the templates; the signal's reason */
export async function runScenario(
  file: Pick<ScenarioFile, 'config' | 'logs'>,
  scenario: Scenario,
  rules: readonly RuleGroup[],
  signal: AbortSignal,
): Promise<ScenarioOutcome> {
  const clock = new FakeClock(scenario.startMs);
  const { alertmanager, receivers } = file.config;
  const patterns = alertmanager?.config.templates ?? [];
  const templatesOf = await loadReceiverTemplates(patterns, () => clock.nowMs(), receivers);
  const storage = await openMemoryStorage();
  const run = new ScenarioRun(file, scenario, rules, { clock, templatesOf, storage });
  try {
    return await run.toEnd(signal);
  } finally {
    await run.close();
    await storage.close();
  }
}

interface ScenarioWorld extends Pick<ScenarioReceiversDeps, 'clock' | 'templatesOf'> {
  readonly storage: ScriptStorage;
}

class ScenarioRun {
  readonly #config: AlertingConfig;
  readonly #scenario: Scenario;
  readonly #world: ScenarioWorld;
  readonly #engine: AlertEngine;
  readonly #receivers: ScenarioReceivers;
  readonly #groups: readonly GroupEvaluator[];
  readonly #mutes: MuteEvent[] = [];
  readonly #pending = new Map<string, LabelSet>();
  readonly #fired = new Map<string, LabelSet>();
  readonly #errors = new Set<string>();
  #heartbeats: ExpectedHeartbeats | undefined;

  constructor(
    { config, logs }: Pick<ScenarioFile, 'config' | 'logs'>,
    scenario: Scenario,
    rules: readonly RuleGroup[],
    world: ScenarioWorld,
  ) {
    this.#config = config;
    this.#scenario = scenario;
    this.#world = world;
    const { clock, storage } = world;
    const { externalLabels, externalUrl, graphUrl, evaluationIntervalMs, queryOffsetMs } = config;
    const { type, queryDelayMs, maxQueryDelayMs } = logs;
    const source = new ScenarioLogs(type, scenario.lines, () => clock.nowMs());
    const context = this.#contextFrom(source);
    const onError = (error: string): void => void this.#errors.add(error);
    this.#receivers = new ScenarioReceivers(scenario, { ...world, externalUrl, onError });
    const configured = configuredEngine(config);
    if (configured === undefined) throw bug('a scenario in which nobody is told');
    this.#engine = rehearsalEngine(configured, {
      clock,
      gatherContext: (question, signal) => context.gather(question, signal),
      receive: (id, integration, notification) => this.#receivers.receive(id, integration, notification),
      record: (event) => {
        if (event.kind === 'muted') this.#mutes.push(event);
      },
      pendingAlerts: () =>
        this.#active().flatMap(({ labels, state }) => (state === 'pending' ? [this.#labelled(labels)] : [])),
    });
    const engine = new Engine({ subqueryStepMs: evaluationIntervalMs });
    const settings = {
      intervalMs: evaluationIntervalMs,
      queryOffsetMs,
      resendDelayMs: config.rules.resendDelayMs,
      externalLabels: new Map(externalLabels.entries()),
      externalUrl,
      graphUrl: graphUrl || undefined,
      policy: config.rules.policy,
    };
    const delays = { shortestMs: queryDelayMs, longestMs: maxQueryDelayMs };
    const logRules = new LogRules(delays, { source, store: NOTHING_KEPT, clock, log: SILENT });
    const metrics = {
      query: engineQuery(engine, storage.querier),
      append: appendTo(storage),
      restoreFrom: storage.querier,
    };
    const ruleWorld = {
      query: withLogRules(metrics, logRules).query,
      append: metrics.append,
      notify: (alerts: readonly AlertNotification[]) => this.#take(alerts),
      // What an evaluation takes is nobody's time.
      clock: systemClock,
      log: SILENT,
    };
    this.#groups = rules.map((group) => new GroupEvaluator(group, settings, ruleWorld, true));
  }

  async toEnd(signal: AbortSignal): Promise<ScenarioOutcome> {
    const { clock, storage } = this.#world;
    const { startMs, lengthMs } = this.#scenario;
    const series = new InputSeries(this.#scenario);
    await this.#engine.start();
    await this.#setSilences();
    this.#expectHeartbeats();
    this.#acknowledgeLater();
    for (let sinceMs = 0; sinceMs <= lengthMs; sinceMs = this.#nextEvaluationMs(sinceMs)) {
      await clock.advance(startMs + sinceMs - clock.nowMs());
      await series.load(storage, clock.nowMs());
      await this.#evaluate(sinceMs, signal);
    }
    await clock.advance(startMs + lengthMs - clock.nowMs());
    return {
      told: this.#receivers.told,
      mutes: this.#mutes,
      pending: [...this.#pending.values()],
      fired: [...this.#fired.values()],
      errors: [...this.#errors],
    };
  }

  close(): Promise<void> {
    this.#heartbeats?.close();
    return this.#engine.close({ graceMs: 0 });
  }

  /** Without charts: nobody looks at them. */
  #contextFrom(logs: LogSource): PageContext {
    const { clock } = this.#world;
    const charts = new ChartStore(() => '');
    const externalUrl = (): string => this.#config.externalUrl;
    const deps = { clock, log: SILENT, charts, counts: new ContextCounts(), externalUrl };
    return new PageContext({ logs, metrics: undefined }, deps);
  }

  async #setSilences(): Promise<void> {
    const { startMs, lengthMs, silences } = this.#scenario;
    for (const { matchers, fromMs, untilMs = lengthMs, annotations } of silences) {
      await this.#engine.setSilence({
        matcherSets: [matchers],
        startsAtMs: startMs + fromMs,
        // One that begins with the end holds for as long as there is anything.
        endsAtMs: startMs + Math.max(untilMs, fromMs + 1),
        createdBy: 'scenario',
        comment: '',
        annotations,
      });
    }
  }

  #expectHeartbeats(): void {
    const { clock } = this.#world;
    const engine = this.#engine;
    const heartbeats = new ExpectedHeartbeats(engine.state.heartbeats, {
      clock,
      log: SILENT,
      persist: (records) => engine.keep(records),
      post: async (alerts) => this.#post(alerts),
    });
    this.#heartbeats = heartbeats;
    heartbeats.apply(this.#config.expectedHeartbeats);
    for (const sender of this.#scenario.heartbeats) {
      const hearNext = (left: number, delayMs: number): void => {
        clock.setTimer(delayMs, () => {
          this.#hear(heartbeats, sender);
          if (left > 1) hearNext(left - 1, sender.everyMs);
        });
      };
      hearNext(sender.times, sender.atMs);
    }
  }

  #hear(heartbeats: ExpectedHeartbeats, { name }: ScenarioHeartbeat): void {
    heartbeats
      .hear(name)
      .catch((error: unknown) => this.#errors.add(`the heartbeat ${name} is not heard: ${describeError(error)}`));
  }

  #acknowledgeLater(): void {
    const { startMs, acknowledgements } = this.#scenario;
    for (const { place, alert, atMs, untilMs } of acknowledgements) {
      const endsAtMs = untilMs === undefined ? undefined : startMs + untilMs;
      this.#world.clock.setTimer(atMs, () => {
        const by = { by: 'scenario', comment: '', endsAtMs };
        this.#engine
          .acknowledge((_group, { labels }) => isLike(alert, labels), by)
          .then((pages) => {
            if (pages.length === 0) this.#errors.add(`${place}: nothing fires then that is like ${alert.text}`);
          })
          .catch((error: unknown) => this.#errors.add(`${place}: ${describeError(error)}`));
      });
    }
  }

  /** Of any group, since the start. */
  #nextEvaluationMs(sinceMs: number): number {
    const next = this.#groups.map(({ intervalMs }) => (Math.floor(sinceMs / intervalMs) + 1) * intervalMs);
    return Math.min(Number.POSITIVE_INFINITY, ...next);
  }

  /** The groups whose time it is. */
  async #evaluate(sinceMs: number, signal: AbortSignal): Promise<void> {
    const timestampMs = this.#world.clock.nowMs();
    for (const group of this.#groups) {
      if (sinceMs % group.intervalMs !== 0) continue;
      await group.evaluate(timestampMs, { ending: signal, abort: signal });
      signal.throwIfAborted();
      for (const { rule, lastError } of group.rules)
        if (lastError !== undefined) this.#errors.add(`the rule ${rule.name} cannot be evaluated: ${lastError}`);
    }
    for (const { labels, state } of this.#active()) {
      const seen = this.#labelled(labels);
      (state === 'firing' ? this.#fired : this.#pending).set(seen.key, seen);
    }
  }

  /** Those pending or firing. */
  #active(): readonly Alert[] {
    return this.#groups.flatMap(({ rules }) => rules.flatMap(({ activeAlerts }) => activeAlerts));
  }

  #labelled(labels: LabelSet): LabelSet {
    return withExternal(labels, this.#config.externalLabels);
  }

  #take(alerts: readonly AlertNotification[]): void {
    const labelled = alerts.map((alert) => ({ ...alert, labels: this.#labelled(alert.labels) }));
    this.#post(postedAlerts(labelled, this.#world.clock.nowMs()));
  }

  #post(alerts: readonly PostedAlert[]): void {
    const nowMs = this.#world.clock.nowMs();
    for (const { labels, endsAtMs } of alerts)
      if (endsAtMs === undefined || endsAtMs > nowMs) this.#fired.set(labels.key, labels);
    this.#engine
      .post(alerts)
      .catch((error: unknown) => this.#errors.add(`alerts are not taken: ${describeError(error)}`));
  }
}
