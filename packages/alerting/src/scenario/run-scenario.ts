/** Runs one scenario: its rules over its series and lines, and the engine that tells of their alerts, on a clock that goes as fast as they do. */
import { systemClock } from '@vigie/core/clock';
import { describeError } from '@vigie/core/errors';
import { FakeClock } from '@vigie/core/fake-clock';
import { Engine } from '@vigie/promql/evaluate/engine';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { openMemoryStorage } from '@vigie/promql/script/memory';
import type { ScriptStorage } from '@vigie/promql/script/run-script';
import type { AlertNotification } from '@vigie/rules/alerts/due-alerts';
import { GroupEvaluator } from '@vigie/rules/group/group-evaluator';
import { engineQuery } from '@vigie/rules/query';
import type { RuleGroup } from '@vigie/rules/rule';
import { DEFAULT_POLICY } from '@vigie/rules/rule-policy';
import { DEFAULT_RESEND_DELAY_MS } from '@vigie/rules/rule-runner';
import { appendTo, InputSeries } from '@vigie/rules/unit-test/test-storage';
import type { AlertmanagerConfig } from '../config/load-config.ts';
import type { IntegrationConfig } from '../config/receiver-section.ts';
import { ChartStore } from '../context/chart-store.ts';
import { ContextCounts } from '../context/context-counts.ts';
import { PageContext } from '../context/page-context.ts';
import { isResolved } from '../dispatch/alert.ts';
import type { AlertEngine } from '../engine.ts';
import type { MuteEvent } from '../history/history-event.ts';
import { LogRules } from '../logs/log-rules.ts';
import type { LogSource } from '../logs/log-source.ts';
import { withLogRules } from '../logs/with-log-rules.ts';
import type { ReceiverOptions } from '../notify/receiver.ts';
import { prepared } from '../receivers/http-integration.ts';
import type { Notification, SendOutcome } from '../receivers/integration.ts';
import { postedAlerts, withExternal } from '../rules/posted-alerts.ts';
import { CONTEXT_TEMPLATES } from '../templates/context-template.ts';
import { loadTemplates } from '../templates/load-templates.ts';
import { notificationData } from '../templates/notification-data.ts';
import type { NotificationTemplates } from '../templates/notification-templates.ts';
import { NOTHING_KEPT, rehearsalEngine, SILENT } from './rehearsal.ts';
import type { Scenario, ScenarioFile } from './scenario.ts';
import { ScenarioLogs } from './scenario-logs.ts';
import { shownText } from './shown-text.ts';

/** What arrived at an integration. */
export interface ToldNotification {
  /** Since the start. */
  readonly atMs: number;
  readonly receiver: string;
  /** `pager/slack/0` */
  readonly integration: string;
  /** `slack` */
  readonly kind: string;
  readonly firing: readonly LabelSet[];
  readonly resolved: readonly LabelSet[];
  readonly text: string;
}

/** What has become of the alerts of a scenario. */
export interface ScenarioOutcome {
  /** In order. */
  readonly told: readonly ToldNotification[];
  readonly mutes: readonly MuteEvent[];
  /** Alerts that were pending at some time, and those that fired. */
  readonly pending: readonly LabelSet[];
  readonly fired: readonly LabelSet[];
  /** Rules that could not be evaluated, templates that could not be expanded. */
  readonly errors: readonly string[];
}

export interface ScenarioParts {
  /** On series and on lines. */
  readonly rules: readonly RuleGroup[];
  readonly alertmanager: AlertmanagerConfig;
  /** By the names of receivers. */
  readonly receiverOptions: ReadonlyMap<string, ReceiverOptions>;
}

/** @throws the signal's reason */
export async function runScenario(
  file: ScenarioFile,
  scenario: Scenario,
  parts: ScenarioParts,
  signal: AbortSignal,
): Promise<ScenarioOutcome> {
  const clock = new FakeClock(scenario.startMs);
  const templatesOf = await loadTemplatesOf(parts, clock);
  const storage = await openMemoryStorage();
  const run = new ScenarioRun(file, scenario, parts, { clock, templatesOf, storage });
  try {
    return await run.toEnd(signal);
  } finally {
    await run.close();
    await storage.close();
  }
}

/** By the name of a receiver: one that is shown context has more in them. */
type TemplatesOf = (receiver: string) => NotificationTemplates;

async function loadTemplatesOf(
  { alertmanager, receiverOptions }: Pick<ScenarioParts, 'alertmanager' | 'receiverOptions'>,
  clock: FakeClock,
): Promise<TemplatesOf> {
  const load = (more: readonly string[]) => loadTemplates(alertmanager.templates, () => clock.nowMs(), more);
  const templates = await load([]);
  const isWanted = [...receiverOptions.values()].some(({ context }) => context !== undefined);
  const withContext = isWanted ? await load(CONTEXT_TEMPLATES) : templates;
  return (receiver) => (receiverOptions.get(receiver)?.context === undefined ? templates : withContext);
}

interface ScenarioWorld {
  readonly clock: FakeClock;
  readonly templatesOf: TemplatesOf;
  readonly storage: ScriptStorage;
}

class ScenarioRun {
  readonly #file: ScenarioFile;
  readonly #scenario: Scenario;
  readonly #world: ScenarioWorld;
  readonly #engine: AlertEngine;
  readonly #groups: readonly GroupEvaluator[];
  readonly #told: ToldNotification[] = [];
  readonly #mutes: MuteEvent[] = [];
  readonly #pending = new Map<string, LabelSet>();
  readonly #fired = new Map<string, LabelSet>();
  readonly #errors = new Set<string>();

  constructor(file: ScenarioFile, scenario: Scenario, parts: ScenarioParts, world: ScenarioWorld) {
    this.#file = file;
    this.#scenario = scenario;
    this.#world = world;
    const { clock, storage } = world;
    const { rules, alertmanager, receiverOptions } = parts;
    const { type, queryDelayMs, maxQueryDelayMs } = file.logs;
    const source = new ScenarioLogs(type, scenario.lines, () => clock.nowMs());
    const context = this.#contextFrom(source);
    this.#engine = rehearsalEngine(alertmanager, {
      clock,
      receiverOptions,
      gatherContext: (question, signal) => context.gather(question, signal),
      receive: (id, config, notification) => this.#receive(id, config, notification),
      record: (event) => {
        if (event.kind === 'muted') this.#mutes.push(event);
      },
    });
    const engine = new Engine({ subqueryStepMs: file.evaluationIntervalMs });
    const settings = {
      intervalMs: file.evaluationIntervalMs,
      queryOffsetMs: 0,
      resendDelayMs: DEFAULT_RESEND_DELAY_MS,
      externalLabels: new Map(Object.entries(file.externalLabels)),
      externalUrl: file.externalUrl,
      policy: DEFAULT_POLICY,
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
      notify: (alerts: readonly AlertNotification[]) => this.#post(alerts),
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
    for (let sinceMs = 0; sinceMs <= lengthMs; sinceMs += this.#file.evaluationIntervalMs) {
      await clock.advance(startMs + sinceMs - clock.nowMs());
      await series.load(storage, clock.nowMs());
      await this.#evaluate(signal);
    }
    await clock.advance(startMs + lengthMs - clock.nowMs());
    return {
      told: this.#told,
      mutes: this.#mutes,
      pending: [...this.#pending.values()],
      fired: [...this.#fired.values()],
      errors: [...this.#errors],
    };
  }

  close(): Promise<void> {
    return this.#engine.close({ graceMs: 0 });
  }

  /** Without charts: nobody looks at them. */
  #contextFrom(logs: LogSource): PageContext {
    const { clock } = this.#world;
    const charts = new ChartStore(() => '');
    const externalUrl = (): string => this.#file.externalUrl;
    const deps = { clock, log: SILENT, charts, counts: new ContextCounts(), externalUrl };
    return new PageContext({ logs, metrics: undefined }, deps);
  }

  async #setSilences(): Promise<void> {
    const { startMs, silences } = this.#scenario;
    for (const { matchers, fromMs, untilMs } of silences) {
      await this.#engine.setSilence({
        matcherSets: [matchers],
        startsAtMs: startMs + fromMs,
        endsAtMs: startMs + untilMs,
        createdBy: 'scenario',
        comment: '',
        annotations: {},
      });
    }
  }

  async #evaluate(signal: AbortSignal): Promise<void> {
    const timestampMs = this.#world.clock.nowMs();
    for (const group of this.#groups) {
      await group.evaluate(timestampMs, { ending: signal, abort: signal });
      signal.throwIfAborted();
      for (const { rule, lastError, activeAlerts } of group.rules) {
        if (lastError !== undefined) this.#errors.add(`the rule ${rule.name} cannot be evaluated: ${lastError}`);
        for (const { labels, state } of activeAlerts) {
          const seen = withExternal(labels, LabelSet.of(this.#file.externalLabels));
          (state === 'firing' ? this.#fired : this.#pending).set(seen.key, seen);
        }
      }
    }
  }

  #post(alerts: readonly AlertNotification[]): void {
    const external = LabelSet.of(this.#file.externalLabels);
    const labelled = alerts.map((alert) => ({ ...alert, labels: withExternal(alert.labels, external) }));
    this.#engine
      .post(postedAlerts(labelled, this.#world.clock.nowMs()))
      .catch((error: unknown) => this.#errors.add(`alerts are not taken: ${describeError(error)}`));
  }

  #receive(id: string, config: IntegrationConfig, notification: Notification): SendOutcome {
    const shown = prepared(() => this.#show(config, notification));
    if ('value' in shown) {
      this.#note(id, config, notification, shown.value);
      return { kind: 'sent' };
    }
    if (shown.kind !== 'sent') this.#errors.add(`${id} cannot be told: ${shown.reason}`);
    return shown;
  }

  #show(config: IntegrationConfig, notification: Notification): string {
    const data = notificationData(notification, this.#file.externalUrl);
    return shownText(config, this.#world.templatesOf(notification.receiver).render(data));
  }

  #note(
    integration: string,
    { kind }: IntegrationConfig,
    { receiver, alerts, timeMs }: Notification,
    text: string,
  ): void {
    const labelsOf = (resolved: boolean): readonly LabelSet[] =>
      alerts.filter((alert) => isResolved(alert, timeMs) === resolved).map(({ labels }) => labels);
    this.#told.push({
      atMs: this.#world.clock.nowMs() - this.#scenario.startMs,
      ...{ receiver, integration, kind, text, firing: labelsOf(false), resolved: labelsOf(true) },
    });
  }
}
