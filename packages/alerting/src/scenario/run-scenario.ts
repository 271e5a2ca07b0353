/** Runs one scenario: its rules over its series, and the engine that tells of their alerts, on a clock that goes as fast as they do. */
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
import { isResolved } from '../dispatch/alert.ts';
import type { AlertEngine } from '../engine.ts';
import type { MuteEvent } from '../history/history-event.ts';
import { prepared } from '../receivers/http-integration.ts';
import type { Notification, SendOutcome } from '../receivers/integration.ts';
import { postedAlerts, withExternal } from '../rules/posted-alerts.ts';
import { loadTemplates } from '../templates/load-templates.ts';
import { notificationData } from '../templates/notification-data.ts';
import type { NotificationTemplates } from '../templates/notification-templates.ts';
import { rehearsalEngine, SILENT } from './rehearsal.ts';
import type { Scenario, ScenarioFile } from './scenario-file.ts';
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
  readonly rules: readonly RuleGroup[];
  readonly alertmanager: AlertmanagerConfig;
}

/** @throws the signal's reason */
export async function runScenario(
  file: ScenarioFile,
  scenario: Scenario,
  parts: ScenarioParts,
  signal: AbortSignal,
): Promise<ScenarioOutcome> {
  const clock = new FakeClock(scenario.startMs);
  const templates = await loadTemplates(parts.alertmanager.templates, () => clock.nowMs());
  const storage = await openMemoryStorage();
  const run = new ScenarioRun(file, scenario, parts, { clock, templates, storage });
  try {
    return await run.toEnd(signal);
  } finally {
    await run.close();
    await storage.close();
  }
}

interface ScenarioWorld {
  readonly clock: FakeClock;
  readonly templates: NotificationTemplates;
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

  constructor(file: ScenarioFile, scenario: Scenario, { rules, alertmanager }: ScenarioParts, world: ScenarioWorld) {
    this.#file = file;
    this.#scenario = scenario;
    this.#world = world;
    const { clock, storage } = world;
    this.#engine = rehearsalEngine(alertmanager, {
      clock,
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
    const ruleWorld = {
      query: engineQuery(engine, storage.querier),
      append: appendTo(storage),
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
    return shownText(config, this.#world.templates.render(data));
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
