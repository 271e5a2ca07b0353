/** The receivers of a scenario: what arrives at them, as people read it, and when they cannot be told. */
import type { FakeClock } from '@vigie/core/fake-clock';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { IntegrationConfig } from '../config/receiver-section.ts';
import { isResolved } from '../dispatch/alert.ts';
import { judgeByStatus, prepared } from '../receivers/http-integration.ts';
import type { Notification, SendOutcome } from '../receivers/integration.ts';
import { notificationData } from '../templates/notification-data.ts';
import type { NotificationTemplates } from '../templates/notification-templates.ts';
import type { Scenario } from './scenario.ts';
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

export interface ScenarioReceiversDeps {
  readonly clock: FakeClock;
  /** By the name of a receiver. */
  readonly templatesOf: (receiver: string) => NotificationTemplates;
  readonly externalUrl: string;
  /** A template cannot be expanded. */
  readonly onError: (error: string) => void;
}

export class ScenarioReceivers {
  /** In order. */
  readonly told: ToldNotification[] = [];
  readonly #scenario: Pick<Scenario, 'startMs' | 'failures'>;
  readonly #deps: ScenarioReceiversDeps;

  constructor(scenario: Pick<Scenario, 'startMs' | 'failures'>, deps: ScenarioReceiversDeps) {
    this.#scenario = scenario;
    this.#deps = deps;
  }

  /** @param id `pager/slack/0` */
  receive(id: string, config: IntegrationConfig, notification: Notification): SendOutcome {
    const failing = this.#failureOf(notification.receiver);
    if (failing !== undefined) return failing;
    const shown = prepared(() => this.#show(config, notification));
    if ('value' in shown) {
      this.#note(id, config, notification, shown.value);
      return { kind: 'sent' };
    }
    if (shown.kind !== 'sent') this.#deps.onError(`${id} cannot be told: ${shown.reason}`);
    return shown;
  }

  get #sinceStartMs(): number {
    return this.#deps.clock.nowMs() - this.#scenario.startMs;
  }

  #failureOf(name: string): SendOutcome | undefined {
    const nowMs = this.#sinceStartMs;
    const failure = this.#scenario.failures.find(
      ({ receiver, fromMs, untilMs = Number.POSITIVE_INFINITY }) =>
        receiver === name && fromMs <= nowMs && nowMs < untilMs,
    );
    if (failure === undefined) return undefined;
    const { status } = failure;
    return judgeByStatus({ status, contentType: '', afterMs: undefined, body: 'as the scenario has it' });
  }

  #show(config: IntegrationConfig, notification: Notification): string {
    const { externalUrl, templatesOf } = this.#deps;
    const data = notificationData(notification, externalUrl);
    return shownText(config, templatesOf(notification.receiver).render(data));
  }

  #note(
    integration: string,
    { kind }: IntegrationConfig,
    { receiver, alerts, timeMs }: Notification,
    text: string,
  ): void {
    const labelsOf = (resolved: boolean): readonly LabelSet[] =>
      alerts.filter((alert) => isResolved(alert, timeMs) === resolved).map(({ labels }) => labels);
    this.told.push({
      atMs: this.#sinceStartMs,
      ...{ receiver, integration, kind, text, firing: labelsOf(false), resolved: labelsOf(true) },
    });
  }
}
