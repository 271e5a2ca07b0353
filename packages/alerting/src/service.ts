/** The alerting service as a part of a program: it takes alerts, evaluates rules, and tells receivers. The port before it is the program's. */
import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Clock } from '@vigie/core/clock';
import { bug, errorCode, VigieError } from '@vigie/core/errors';
import { type FolderLock, lockFolder } from '@vigie/core/folder-lock';
import { HttpClient } from '@vigie/core/http-client/http-client';
import type { HttpReply } from '@vigie/core/http-server/exchange';
import type { HealthCheck } from '@vigie/core/http-server/health-routes';
import { limitRepeats } from '@vigie/core/limit-repeats';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { countReload, countsAtStart, type ReloadCounts } from '@vigie/core/reload-counts';
import { type Exposition, Telemetry } from '@vigie/core/telemetry';
import { type KubeConfig, loadKubeConfig } from '@vigie/kube/config';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { AlertNotification } from '@vigie/rules/alerts/due-alerts';
import { groupKey, type RuleGroup } from '@vigie/rules/rule';
import { RULE_METRICS, reportRules } from '@vigie/rules/telemetry';
import type { FastifyInstance } from 'fastify';
import { ALERTS_API_METRICS, AlertsApiCounts } from './api/telemetry.ts';
import type { AlertingConfig } from './config/alerting-config.ts';
import { changesForNextStart } from './config/read-at-start.ts';
import type { ReceiverConfig } from './config/receiver-section.ts';
import { configuredEngine } from './configured-engine.ts';
import { chartReply, type OpenContext, openContext } from './context/open-context.ts';
import { AlertEngine } from './engine.ts';
import type { EngineSettings } from './engine-settings.ts';
import { HighAvailability } from './ha/high-availability.ts';
import { replicaName } from './ha/replica-name.ts';
import { HA_METRICS, reportHa } from './ha/telemetry.ts';
import { ExpectedHeartbeats } from './heartbeat/expected-heartbeats.ts';
import { HeartbeatSender } from './heartbeat/heartbeat-sender.ts';
import { type OpenHistory, openHistory } from './history/open-history.ts';
import { LogRules } from './logs/log-rules.ts';
import type { LogSource } from './logs/log-source.ts';
import { openLogSource } from './logs/source/open-log-source.ts';
import { LogRuleStore } from './logs/state/log-rule-store.ts';
import type { ToldLogRule } from './logs/state/told-log-rules.ts';
import { LOG_RULE_METRICS, reportLogRules } from './logs/telemetry.ts';
import { NotifyCounts } from './notify/notify-counts.ts';
import { withUsableFragments } from './operator/merged-config.ts';
import { NO_WISHES, type Wishes } from './operator/object-wishes.ts';
import { OperatorObjects, type OperatorObjectsConfig } from './operator/operator-objects.ts';
import type { Integration } from './receivers/integration.ts';
import { AlertingRules } from './rules/alerting-rules.ts';
import { postedAlerts, withExternal } from './rules/posted-alerts.ts';
import { keptByEngine, type RuleKeeping } from './rules/rule-keeping.ts';
import type { RuleSource } from './rules/rule-source.ts';
import { RuleStateLog } from './rules/rule-state-log.ts';
import { serviceApp } from './service-app.ts';
import { serviceHealth } from './service-health.ts';
import type { StateFs } from './state/state-fs.ts';
import {
  ALERTING_METRICS,
  reportContext,
  reportEngine,
  reportHeartbeats,
  reportNotifying,
  reportQueues,
  reportReloads,
} from './telemetry.ts';
import type { RouteLabelsOf } from './templates/route-labels.ts';

/** What is in force. */
export interface AlertingSettings {
  readonly config: AlertingConfig;
  readonly groups: readonly RuleGroup[];
  readonly integrationsOf: (receiver: ReceiverConfig) => readonly Integration[];
  /** undefined: they are shown as the configuration has them. */
  readonly routeLabelsOf?: RouteLabelsOf | undefined;
}

export interface AlertingOptions {
  /** Of its HTTP interface: `/alertmanager`, or '' for the root. */
  readonly prefix: string;
  /** Of this replica, for clients that wait until it is in its list. */
  readonly self: () => { readonly name: string; readonly address: string };
}

export interface AlertingDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** For proxies that a configuration takes from it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of Vigie: `1.2.3` */
  readonly version: string;
  /** Answers what rules ask, in place of `datasources.metrics`: of the same process. */
  readonly source?: RuleSource;
  /** Where the objects of the Prometheus operator are; unless given, as the environment says. */
  readonly kube?: KubeConfig;
  /** Has the state of alerts and rules; the disk unless given. */
  readonly stateFs?: StateFs;
}

/** What is being told may end before its groups are another replica's: they are told within ten seconds of their time all the same. */
const HANDOVER_MS = 5000;

export class AlertingService {
  readonly reloads: ReloadCounts;
  readonly #options: AlertingOptions;
  readonly #deps: AlertingDeps;
  readonly #telemetry = new Telemetry(ALERTING_METRICS);
  readonly #counts = new NotifyCounts((integration, seconds) =>
    this.#telemetry.observe('latency', { integration }, seconds),
  );
  readonly #startedAtMs: number;
  readonly #engine: AlertEngine | undefined;
  readonly #context: OpenContext;
  readonly #heartbeats: HeartbeatSender;
  /** From the start on. */
  #expectedHeartbeats: ExpectedHeartbeats | undefined;
  readonly #rules: AlertingRules | undefined;
  /** Where there is no engine. */
  readonly #ruleLog: RuleStateLog | undefined;
  readonly #ruleTelemetry = new Telemetry(RULE_METRICS);
  readonly #logTelemetry = new Telemetry(LOG_RULE_METRICS);
  #logClient: HttpClient | undefined;
  /** Of the start. */
  readonly #started: AlertingConfig;
  #written: AlertingSettings;
  readonly #objects: OperatorObjects | undefined;
  #wishes: Wishes = NO_WISHES;
  /** What is written, with what objects of the cluster ask for. */
  #settings: AlertingSettings;
  readonly #apiTelemetry = new Telemetry(ALERTS_API_METRICS);
  readonly #apiCounts = new AlertsApiCounts((route, seconds) =>
    this.#apiTelemetry.observe('seconds', { route }, seconds),
  );
  readonly #ha: HighAvailability | undefined;
  readonly #haTelemetry = new Telemetry(HA_METRICS);
  #lock: FolderLock | undefined;
  #history: OpenHistory | undefined;
  #app: FastifyInstance | undefined;
  #closed: Promise<void> | undefined;

  /** @throws {VigieError} CONFIG_INVALID, of datasources.metrics; with `ha`, where no API server is known: KUBE_NO_CONFIG, KUBECONFIG_… */
  constructor(settings: AlertingSettings, options: AlertingOptions, deps: AlertingDeps) {
    const { clock, random, env, version, stateFs = fs } = deps;
    const userAgent = `vigie/${version}`;
    const log = limitRepeats(deps.log, clock);
    this.#started = settings.config;
    this.#written = settings;
    this.#settings = settings;
    this.#options = options;
    this.#deps = { ...deps, log };
    this.#startedAtMs = clock.nowMs();
    this.reloads = countsAtStart(clock);
    const logs = this.#openLogs(settings.config, userAgent);
    this.#context = openContext(settings.config.metrics, {
      clock,
      log,
      env,
      userAgent,
      logs,
      externalUrl: () => this.#settings.config.externalUrl,
    });
    const engineSettings = engineSettingsOf(settings);
    const { ha } = settings.config;
    if (ha !== undefined) {
      const replica = replicaName(ha, env);
      const address = (): string => options.self().address;
      const haOptions = { config: ha, replica, address };
      this.#ha = new HighAvailability(haOptions, { clock, random, log, env, version });
    }
    if (engineSettings !== undefined) {
      this.#engine = new AlertEngine(join(settings.config.dataDir, 'alerting'), engineSettings, {
        clock,
        random,
        log,
        fs: stateFs,
        newId: randomUUID,
        counts: this.#counts,
        record: (event) => this.#history?.record(event),
        pendingAlerts: () => this.#pendingAlerts(),
        externalLabels: () => this.#settings.config.externalLabels,
        gatherContext: this.#context.gather,
        replication: this.#ha,
      });
    }
    const health = () => serviceHealth({ engine: this.#engine, rules: this.#rules, ha: this.#ha }, clock.nowMs());
    this.#heartbeats = new HeartbeatSender({ clock, log, env, userAgent, health });
    const { source } = deps;
    let keeping: RuleKeeping;
    if (this.#engine === undefined) {
      const folder = join(settings.config.dataDir, 'alerting-rules');
      const ruleLog = new RuleStateLog(folder, { clock, log, fs: stateFs, replication: this.#ha });
      this.#ruleLog = ruleLog;
      keeping = ruleLog;
    } else keeping = keptByEngine(this.#engine, log);
    const logRules = logs === undefined ? undefined : this.#logRulesOver(logs, settings.config, keeping);
    if (logRules !== undefined) this.#logTelemetry.collect((report) => reportLogRules(logRules, report));
    if (settings.config.metrics !== undefined || source !== undefined || logRules !== undefined) {
      const shared = this.#ha;
      this.#rules = new AlertingRules(settings.config, {
        clock,
        random,
        log,
        openClient: ({ http }) => new HttpClient(http, { clock, env, userAgent }),
        userAgent,
        source,
        store: keeping,
        logs: logRules,
        owns: shared === undefined ? undefined : (group) => shared.ownsRules(group),
        notify: (alerts) => this.#take(alerts),
      });
    }
    const { operatorObjects } = settings.config;
    const kube = operatorObjects && (deps.kube ?? kubeConfigOf(operatorObjects, env, log));
    if (operatorObjects !== undefined && kube !== undefined) {
      this.#objects = new OperatorObjects(operatorObjects, kube, {
        clock,
        random,
        log,
        env,
        userAgent,
        context: () => {
          const { alertmanager, recordingRules } = this.#written.config;
          return { alertmanager, recordingRules, hasMetrics: this.#rules !== undefined };
        },
        use: (wishes) => this.#use(wishes),
      });
    }
    this.#apiTelemetry.collect((report) => this.#apiCounts.report(report));
    this.#ruleTelemetry.collect((report) => reportRules(this.#rules?.groups ?? [], report));
    this.#haTelemetry.collect((report) => {
      if (this.#ha !== undefined && ha !== undefined) reportHa(this.#ha, ha.shards, clock.monotonicMs(), report);
    });
    this.#telemetry.collect((report) => {
      if (this.#rules !== undefined) reportQueues(this.#rules.queues, report);
      reportReloads(this.reloads, report);
      reportNotifying(this.#counts, report);
      reportContext(this.#context, report);
      reportHeartbeats(this.#heartbeats, this.#expectedHeartbeats, report);
      if (this.#history !== undefined) {
        report('historyDropped', {}, this.#history.dropped());
        report('historyLeftOut', {}, this.#history.leftOut());
      }
      if (this.#engine !== undefined) reportEngine(this.#engine, clock.nowMs(), report);
    });
  }

  /** Brings back what was kept, tells of what was due meanwhile, and answers.
   *  @throws {VigieError} ALERTING_STATE, FOLDER_IN_USE; what the file system throws */
  async start(): Promise<void> {
    const { dataDir: folder } = this.#settings.config;
    this.#lock = await this.#lockFolder(join(folder, this.#engine === undefined ? 'alerting-rules' : 'alerting'));
    if (this.#engine !== undefined) {
      const { clock, log } = this.#deps;
      this.#history = await openHistory({ folder, fs, clock, log });
      await this.#engine.start();
      const engine = this.#engine;
      this.#expectedHeartbeats = new ExpectedHeartbeats(engine.state.heartbeats, {
        clock,
        log,
        persist: (records) => engine.keep(records),
        post: (alerts) => engine.post(alerts),
      });
      this.#expectedHeartbeats.apply(this.#settings.config.expectedHeartbeats);
    }
    await this.#ruleLog?.start();
    this.#app = await serviceApp({
      ...this.#options,
      ...this.#deps,
      startedAtMs: this.#startedAtMs,
      config: () => this.#settings.config,
      engine: this.#engine,
      history: this.#history?.history,
      expectedHeartbeats: this.#expectedHeartbeats,
      rules: this.#rules,
      counts: this.#apiCounts,
      peers: () => this.#ha?.peers() ?? [this.#options.self()],
      routeLabelsOf: (group, nowMs) => this.#settings.routeLabelsOf?.(group, nowMs) ?? group.route.options.labels,
      operatorObjects: () => this.#objects?.status() ?? null,
      chart: (file) => this.chart(file),
    });
    await this.#applyRules(this.#settings);
    this.#rules?.start();
    this.#objects?.start();
    this.#heartbeats.apply(this.#settings.config.heartbeats);
  }

  /** Keys of what the configuration in force has otherwise than that of the start, and that take effect with the next start alone. */
  get nextStart(): readonly string[] {
    return changesForNextStart(this.#started, this.#written.config);
  }

  /** Takes up another configuration: groups that are in it, too, go on undisturbed. Of what nextStart names, that of the start holds.
   *  @throws {VigieError} CONFIG_INVALID, where it would have to begin anew */
  async apply(settings: AlertingSettings): Promise<void> {
    const engineSettings = engineSettingsOf(settings);
    if ((engineSettings === undefined) !== (this.#engine === undefined))
      throw needsRestart('from alertmanager_config to alertmanagers, or back,');
    if (settings.groups.length > 0 && this.#rules === undefined) throw needsRestart('to the first of datasources');
    if ((settings.config.logs === undefined) !== (this.#logClient === undefined))
      throw needsRestart('to datasources.logs, or away from it,');
    if (JSON.stringify(settings.config.ha) !== JSON.stringify(this.#settings.config.ha))
      throw needsRestart('to other ha');
    this.#written = settings;
    this.#objects?.judgeAgain();
    await this.#takeUp();
    const keys = this.nextStart.join(', ');
    if (keys !== '') this.#deps.log.warn('some of what has changed takes effect with the next start alone', { keys });
  }

  async #use(wishes: Wishes): Promise<void> {
    this.#wishes = wishes;
    await this.#takeUp();
  }

  async #takeUp(): Promise<void> {
    const settings = withWishes(this.#written, this.#wishes);
    this.#settings = settings;
    const engineSettings = engineSettingsOf(settings);
    if (engineSettings !== undefined) this.#engine?.apply(engineSettings);
    await this.#applyRules(settings);
    this.#expectedHeartbeats?.apply(settings.config.expectedHeartbeats);
    this.#heartbeats.apply(settings.config.heartbeats);
  }

  async #applyRules({ groups, config }: AlertingSettings): Promise<void> {
    await this.#rules?.apply(groups, config);
    this.#ha?.hasRules(groups.map(groupKey));
  }

  /** Takes up a configuration that is being read; what was in force stays so where that cannot be.
   *  @throws what reading it does, and as apply */
  async reload(reading: Promise<AlertingSettings>): Promise<void> {
    await countReload(this.reloads, this.#deps.clock, async () => this.apply(await reading));
  }

  ready(): readonly HealthCheck[] {
    return [this.#app === undefined ? { name: 'alerting', problem: 'it is starting' } : { name: 'alerting' }];
  }

  async expose(): Promise<Exposition> {
    const [{ contentType, body }, ...others] = await Promise.all([
      this.#telemetry.expose(),
      this.#apiTelemetry.expose(),
      this.#ruleTelemetry.expose(),
      this.#logTelemetry.expose(),
      this.#objects?.expose(),
      ...(this.#ha === undefined ? [] : [this.#haTelemetry.expose()]),
    ]);
    return { contentType, body: body + others.map((other) => other?.body ?? '').join('') };
  }

  /** `GET /charts/FILE`: open to anyone, for who knows the name of one may see it.
   *  @param file the last part of the path */
  chart(file: string): HttpReply {
    return chartReply(this.#context.charts, file);
  }

  /** Answers everything below the prefix. */
  serve(incoming: IncomingMessage, outgoing: ServerResponse): void {
    if (this.#app !== undefined) this.#app.routing(incoming, outgoing);
    else outgoing.writeHead(503, { 'content-type': 'text/plain' }).end('Service Unavailable\n');
  }

  /** Also after a start that failed, or none. What is being told has graceMs to end; the rest is told after the next start. What is posted
   *  meanwhile is still kept. */
  close(options: { readonly graceMs: number }): Promise<void> {
    this.#closed ??= this.#close(options);
    return this.#closed;
  }

  async #close(options: { readonly graceMs: number }): Promise<void> {
    await this.#objects?.close();
    this.#heartbeats.close();
    this.#expectedHeartbeats?.close();
    await this.#app?.close();
    const { graceMs } = options;
    // Another replica goes on with what this one cannot end by then.
    const engineGraceMs = this.#ha === undefined ? graceMs : Math.min(graceMs, HANDOVER_MS);
    await Promise.all([this.#rules?.close(options), this.#engine?.close({ graceMs: engineGraceMs })]);
    this.#context.close();
    this.#logClient?.close();
    await this.#ruleLog?.close();
    await this.#ha?.close();
    await this.#history?.close();
    await this.#lock?.release();
  }

  async #lockFolder(folder: string): Promise<FolderLock | undefined> {
    try {
      return await lockFolder(folder);
    } catch (error) {
      if (errorCode(error) === 'FOLDER_IN_USE') throw error;
      this.#deps.log.warn('nothing keeps a second process from this folder', { folder, error });
      return undefined;
    }
  }

  #openLogs({ logs }: AlertingConfig, userAgent: string): LogSource | undefined {
    if (logs === undefined) return undefined;
    const { clock, env } = this.#deps;
    const client = new HttpClient(logs.http, { clock, env, userAgent });
    this.#logClient = client;
    return openLogSource(logs, { client, clock });
  }

  #logRulesOver(source: LogSource, { logs, dataDir }: AlertingConfig, keeping: RuleKeeping): LogRules {
    if (logs === undefined) throw bug('a source of logs that is not configured');
    const { clock, log, stateFs = fs } = this.#deps;
    const delays = { shortestMs: logs.queryDelayMs, longestMs: logs.maxQueryDelayMs };
    const store = new LogRuleStore(join(dataDir, 'log-rules'), stateFs);
    const tell = (told: ToldLogRule): void => void keeping.keepLogRule(told);
    const replicas = this.#ha === undefined ? undefined : { told: keeping.logRules, tell };
    return new LogRules(delays, { source, store, clock, log, replicas });
  }

  /** Of all rules, whichever replica evaluates them. */
  *#pendingAlerts(): Generator<LabelSet> {
    const { externalLabels } = this.#settings.config;
    for (const record of this.#engine?.state.rules.records() ?? [])
      if (record.subject === 'alert' && record.alert?.state === 'pending')
        yield withExternal(record.labels, externalLabels);
  }

  /** Takes alerts of rules. One that was not taken comes again, a minute later. */
  #take(alerts: readonly AlertNotification[]): void {
    const { clock, log } = this.#deps;
    const posted = postedAlerts(alerts, clock.nowMs());
    this.#engine?.post(posted).catch((error: unknown) => log.error('alerts of rules were not taken', { error }));
  }
}

function needsRestart(what: string): VigieError {
  return new VigieError('CONFIG_INVALID', `the configuration takes a restart: ${what} there is no way without one`);
}

/** @throws {VigieError} see loadKubeConfig, where objects are asked for */
function kubeConfigOf(
  { isAskedFor }: OperatorObjectsConfig,
  env: AlertingDeps['env'],
  log: Log,
): KubeConfig | undefined {
  try {
    return loadKubeConfig({}, { env });
  } catch (error) {
    if (isAskedFor) throw error;
    log.info('objects of the Prometheus operator are not read: nothing says how to reach the API server', { error });
    return undefined;
  }
}

function withWishes(settings: AlertingSettings, { groups, fragments }: Wishes): AlertingSettings {
  const { config } = settings;
  const alertmanager = config.alertmanager && withUsableFragments(config.alertmanager, fragments);
  return { ...settings, config: { ...config, alertmanager }, groups: [...settings.groups, ...groups] };
}

function engineSettingsOf({ config, integrationsOf }: AlertingSettings): EngineSettings | undefined {
  const configured = configuredEngine(config);
  return configured && { ...configured, integrationsOf };
}
