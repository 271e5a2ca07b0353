/** The rules of an alerting service: evaluated over whoever has the data, their alerts handed on, what they write sent on. */
import type { Clock, Timer } from '@vigie/core/clock';
import { bug } from '@vigie/core/errors';
import type { HttpClient } from '@vigie/core/http-client/http-client';
import { requestHeaders } from '@vigie/core/http-client/request-headers';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { invalidParameter } from '@vigie/promql/api/api-error';
import type { Providers } from '@vigie/promql/api/options';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import { RemotePrometheus } from '@vigie/promql/remote/remote-prometheus';
import type { AlertNotification } from '@vigie/rules/alerts/due-alerts';
import { answerAlerts, answerRules } from '@vigie/rules/api/answers';
import { findFiles } from '@vigie/rules/file/glob-files';
import { loadRuleFiles } from '@vigie/rules/file/load-rule-files';
import type { Rule, RuleGroup } from '@vigie/rules/rule';
import { RuleRunner, type RuleRunnerOptions } from '@vigie/rules/rule-runner';
import type { RuleStore } from '@vigie/rules/state/rule-store';
import type { AlertingConfig, Endpoint } from '../config/alerting-config.ts';
import { loadLogRules } from '../logs/file/load-log-rules.ts';
import { logRuleOf } from '../logs/log-rule.ts';
import type { LogRules } from '../logs/log-rules.ts';
import { withLogRules } from '../logs/with-log-rules.ts';
import { RESOLVE_REASON } from '../notify/notification-of.ts';
import { AlertmanagerSender } from './alertmanager-sender.ts';
import { allGroups } from './all-groups.ts';
import { withExternal } from './posted-alerts.ts';
import { type RuleSource, remoteSource } from './rule-source.ts';
import { RuleWatch } from './rule-watch.ts';
import { SampleWriter } from './sample-writer.ts';

/** The HTTP client of an endpoint, which is closed with whoever asked for it. */
export type OpenClient = (endpoint: Pick<Endpoint, 'http'>) => Pick<HttpClient, 'open' | 'routeTo' | 'close'>;

export interface AlertingRulesDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly openClient: OpenClient;
  readonly userAgent: string;
  /** In place of `datasources.metrics`. */
  readonly source: RuleSource | undefined;
  /** Keeps what rules know of their alerts over a restart; it has been read when `apply` is called first. */
  readonly store: RuleStore;
  /** As of RuleRunnerOptions. */
  readonly owns?: RuleRunnerOptions['owns'];
  /** Answers log rules. */
  readonly logs: LogRules | undefined;
  /** Takes alerts where they are not sent to Alertmanagers; they have the external labels. */
  readonly notify: (alerts: readonly AlertNotification[]) => void;
}

/** `datasources`, `remote_write` and `alertmanagers` stay as they were at the start. */
export class AlertingRules {
  readonly #runner: RuleRunner;
  readonly #writer: SampleWriter | undefined;
  readonly #sender: AlertmanagerSender | undefined;
  readonly #metrics: RuleSource | undefined;
  readonly #logs: LogRules | undefined;
  readonly #closeClients: () => void;
  readonly #watch = new RuleWatch();
  readonly #deps: Pick<AlertingRulesDeps, 'clock' | 'log' | 'owns'>;
  readonly #notify: (alerts: readonly AlertNotification[]) => void;
  #externalLabels: LabelSet;
  #config: Pick<AlertingConfig, 'rules' | 'engine'>;
  #watchTimer: Timer | undefined;

  /** @throws {VigieError} CONFIG_INVALID, of datasources.metrics */
  constructor(config: AlertingConfig, deps: AlertingRulesDeps) {
    const { clock, log, openClient, store, owns } = deps;
    this.#deps = deps;
    this.#config = config;
    this.#externalLabels = config.externalLabels;
    const clients: Pick<HttpClient, 'close'>[] = [];
    const open: OpenClient = (endpoint) => {
      const client = openClient(endpoint);
      clients.push(client);
      return client;
    };
    this.#closeClients = () => {
      for (const client of clients) client.close();
    };
    const metrics = deps.source ?? openSource(config.metrics, { ...deps, openClient: open });
    const source = deps.logs === undefined ? metrics : withLogRules(metrics, deps.logs);
    if (source === undefined) throw bug('rules without datasources');
    this.#metrics = metrics;
    this.#logs = deps.logs;
    if (config.remoteWrite !== undefined) {
      const client = open(config.remoteWrite);
      this.#writer = new SampleWriter(config.remoteWrite, () => this.#externalLabels, { ...deps, client });
    }
    if (config.alertmanagers.length > 0) {
      this.#sender = new AlertmanagerSender(
        config.alertmanagers.map((endpoint) => ({ endpoint, client: open(endpoint) })),
        deps,
      );
    }
    this.#notify = (alerts) => {
      const labelled = alerts.map((alert) => ({ ...alert, labels: withExternal(alert.labels, this.#externalLabels) }));
      if (this.#sender === undefined) deps.notify(labelled);
      else this.#sender.send(this.#config.engine.resolveReason ? labelled.map(explained) : labelled);
    };
    const notify = this.#notify;
    const evaluated = async ({ query }: Rule): Promise<void> => {
      const rule = logRuleOf(query.expr);
      if (rule !== undefined) await deps.logs?.keep(rule);
    };
    const append = source.append ?? this.#writer?.append;
    // Where nothing is written, nothing is found.
    const restoreFrom = append === undefined ? undefined : source.restoreFrom;
    this.#runner = new RuleRunner(
      {
        query: source.query,
        append: append ?? (async (samples) => samples.map(() => undefined)),
        notify,
        evaluated,
        clock,
        log,
      },
      { ...config.rules.restore, restoreFrom, store, owns },
    );
  }

  get groups(): RuleRunner['groups'] {
    return this.#runner.groups;
  }

  /** By what it is for: `remote_write`, or the Alertmanager. */
  get queues(): ReadonlyMap<string, Pick<SampleWriter['queue'], 'counts' | 'length'>> {
    const writer = this.#writer === undefined ? [] : [['remote_write', this.#writer.queue] as const];
    return new Map([...writer, ...(this.#sender?.queues ?? [])]);
  }

  get providers(): Pick<Providers, 'rules' | 'alerts'> {
    return {
      rules: (query) => {
        const answer = answerRules(this.#shown(), query);
        if (answer.status === 'ok') return answer.data;
        throw invalidParameter('group_next_token', answer.reason);
      },
      alerts: () => answerAlerts(this.#shown()),
    };
  }

  /** With the alerts of those that another replica evaluates. */
  #shown(): RuleRunner['groups'] {
    if (this.#deps.owns !== undefined) this.#runner.showKept();
    return this.#runner.groups;
  }

  start(): void {
    this.#runner.start();
    this.#scheduleWatch();
  }

  /** Groups that are as they were go on undisturbed. */
  async apply(groups: readonly RuleGroup[], config: AlertingConfig): Promise<void> {
    this.#externalLabels = config.externalLabels;
    this.#config = config;
    for (const warning of groups.flatMap(({ warnings }) => warnings))
      this.#deps.log.warn('something in a rule file has no effect', { at: warning });
    this.#metrics?.use?.(groups.map(withoutLogRules));
    await this.#runner.update(groups, {
      intervalMs: config.evaluationIntervalMs,
      queryOffsetMs: config.queryOffsetMs,
      resendDelayMs: config.rules.resendDelayMs,
      externalLabels: new Map(config.externalLabels.entries()),
      externalUrl: config.externalUrl,
      graphUrl: config.graphUrl || undefined,
      policy: config.rules.policy,
    });
    await this.#logs?.retain(
      groups.flatMap(({ rules }) => rules.flatMap(({ query }) => logRuleOf(query.expr)?.id ?? [])),
    );
  }

  /** Queries under way are aborted; what waits is sent, for graceMs at most. */
  async close(options: { readonly graceMs: number }): Promise<void> {
    this.#watchTimer?.cancel();
    await this.#runner.close();
    await Promise.all([this.#writer?.close(options), this.#sender?.close(options)]);
    this.#closeClients();
  }

  #scheduleWatch(): void {
    const { clock, owns } = this.#deps;
    this.#watchTimer = clock.setTimer(WATCH_MS, () => {
      const { watch } = this.#config.rules;
      // Of groups that another replica evaluates, what is known here is of before.
      const groups = this.#runner.groups.filter(({ key }) => owns?.(key) !== false);
      const due = watch === undefined ? [] : this.#watch.check(groups, watch, clock.nowMs());
      if (due.length > 0) this.#notify(due);
      this.#scheduleWatch();
    });
  }
}

/** How often it is looked whether rules are evaluated. */
const WATCH_MS = 15_000;

function withoutLogRules({ rules, ...group }: RuleGroup): RuleGroup {
  return { ...group, rules: rules.filter(({ query }) => logRuleOf(query.expr) === undefined) };
}

function explained(alert: AlertNotification): AlertNotification {
  const { annotations, resolveReason } = alert;
  return resolveReason === undefined
    ? alert
    : { ...alert, annotations: annotations.with(RESOLVE_REASON, resolveReason) };
}

function openSource(
  endpoint: Endpoint | undefined,
  { clock, openClient, userAgent }: Pick<AlertingRulesDeps, 'clock' | 'openClient' | 'userAgent'>,
): RuleSource | undefined {
  if (endpoint === undefined) return undefined;
  const { url, timeoutMs, http } = endpoint;
  const headers = requestHeaders(http, clock, 'datasources.metrics.http_config');
  const connections = openClient(endpoint);
  return remoteSource(new RemotePrometheus({ url, timeoutMs, headers }, { connections, clock, userAgent }), clock);
}

/** @returns recording rules only where they are asked for
 *  @throws {ConfigError} with every problem of every file; {VigieError} CONFIG_UNREADABLE */
export async function loadAlertingRules(
  config: Pick<AlertingConfig, 'ruleFiles' | 'logRuleFiles' | 'logs' | 'evaluationIntervalMs' | 'recordingRules'>,
): Promise<readonly RuleGroup[]> {
  const { files } = await findFiles(config.ruleFiles);
  const groups = await allGroups([loadRuleFiles(files), loadLogRules(config)]);
  return keptRules(groups, config.recordingRules);
}

/** Recording rules only where they are asked for; no group without rules. */
export function keptRules(groups: readonly RuleGroup[], recordingRules: boolean): readonly RuleGroup[] {
  if (recordingRules) return groups;
  return groups
    .map((group) => ({ ...group, rules: group.rules.filter(({ kind }) => kind === 'alerting') }))
    .filter(({ rules }) => rules.length > 0);
}
