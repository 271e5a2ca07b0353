/** Reads alerting.yaml, strictly, with every problem at once. */
import { dirname, resolve } from 'node:path';
import { type Environment, WrittenReading } from '@vigie/core/config/environment';
import { type ConfigWarning, Findings, type ReadContext } from '@vigie/core/config/findings';
import type { ListenAddress } from '@vigie/core/config/listen';
import { type ConfigText, parseConfig, readConfigFile } from '@vigie/core/config/load';
import { ConfigError, type ConfigProblem } from '@vigie/core/config/problem';
import { regexProblem } from '@vigie/core/regex';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { readHa } from '../ha/ha-section.ts';
import type { AlertingConfig, WrittenAlertmanager } from './alerting-config.ts';
import {
  alertingFile,
  readAlertmanagers,
  readEndpoint,
  readLogDatasource,
  readReceiverOptions,
  type WrittenAlerting,
} from './alerting-config-sections.ts';
import { readFurtherInhibition } from './further-inhibition-section.ts';
import { readExpectedHeartbeats, readHeartbeats } from './heartbeat-sections.ts';
import { parseAlertmanagerConfig } from './load-config.ts';
import { readOperatorObjects } from './operator-section.ts';
import { readRules } from './rules-section.ts';

export interface LoadedAlertingConfig {
  readonly config: AlertingConfig;
  /** Of alertmanager.yml. */
  readonly warnings: readonly ConfigWarning[];
}

/** @param file relative paths in it begin at its folder
 *  @param listenAt of the command line, in place of the configured address
 *  @throws {ConfigError} with every problem of it and of alertmanager_config
 *  @throws {VigieError} CONFIG_UNREADABLE */
export async function loadAlertingConfig(
  file: string,
  environment: Environment,
  listenAt?: ListenAddress['address'],
): Promise<LoadedAlertingConfig> {
  return readAlertingConfig(await readConfigFile(file), environment, { listenAt });
}

/** What a program says beside the configuration. */
export interface AlertingSurroundings {
  /** In place of the configured address. */
  readonly listenAt?: ListenAddress['address'] | undefined;
  /** Where the service is a part of a program that has metrics itself: what holds where the configuration does not say. */
  readonly program?: AlertingProgram | undefined;
}

export interface AlertingProgram {
  /** Absolute. */
  readonly dataDir: string;
  /** Who is told: nobody, as a rule. */
  readonly alertmanager: WrittenAlertmanager;
}

/** As loadAlertingConfig, of what has been read.
 *  @throws {ConfigError} with every problem of it and of alertmanager_config
 *  @throws {VigieError} CONFIG_UNREADABLE */
export async function readAlertingConfig(
  { text, file, root }: ConfigText,
  environment: Environment,
  { listenAt, program }: AlertingSurroundings = {},
): Promise<LoadedAlertingConfig> {
  const { value: written, ...at } = parseConfig(text, file, alertingFile, new WrittenReading(environment, []), root);
  const findings = new Findings(at);
  const context: ReadContext = { findings, folder: resolve(dirname(file)) };
  checkWhatBelongsTogether(written, context, program);
  const alertmanager =
    written.alertmanager_config === '' && written.alertmanagers.length === 0 && program !== undefined
      ? { written: program.alertmanager, problems: [] }
      : await readAlertmanager(written.alertmanager_config, context);
  const receivers = alertmanager.written?.config.receivers ?? [];
  const names = new Set(receivers.map(({ name }) => name));
  const { notifications, limits, datasources } = written;
  const inhibition = readFurtherInhibition(written.inhibition, context);
  const config: AlertingConfig = {
    listen: listenAt === undefined ? written.listen : { ...written.listen, address: listenAt },
    routePrefix: written.route_prefix,
    logLevel: written.log_level,
    shutdownGraceMs: written.shutdown_grace,
    dataDir: written.data_dir === '' ? (program?.dataDir ?? '') : resolve(context.folder, written.data_dir),
    externalLabels: LabelSet.of(written.external_labels),
    corsOrigin: written.cors_origin,
    externalUrl: baseOf(written.external_url),
    graphUrl: baseOf(written.graph_url),
    evaluationIntervalMs: written.evaluation_interval,
    queryOffsetMs: written.rule_query_offset,
    ruleFiles: written.rule_files.map((pattern) => resolve(context.folder, pattern)),
    logRuleFiles: written.log_rule_files.map((pattern) => resolve(context.folder, pattern)),
    recordingRules: written.recording_rules,
    rules: readRules(written.rules, notifications.resolve_reason),
    alertmanager: alertmanager.written,
    // Of a file with problems nobody knows whom it has.
    receivers: alertmanager.problems.length > 0 ? new Map() : readReceiverOptions(written.receivers, names, context),
    engine: {
      limits: { alerts: limits.alerts, alertSize: limits.alert_size },
      startupHoldMs: notifications.startup_hold,
      retentionMs: notifications.retention,
      resolveWhatFired: notifications.resolve_what_fired,
      resolveReason: notifications.resolve_reason,
      idempotencyKey: notifications.idempotency_key,
      silenceEndsAfterMs: written.silences.until_resolved_after,
      mostSilences: limits.silences,
      repeatOnTime: notifications.repeat_on_time,
      inhibitionHoldMs: inhibition.holdMs,
    },
    inhibitRules: inhibition.rules,
    heartbeats: readHeartbeats(written.heartbeats, context),
    expectedHeartbeats: readExpectedHeartbeats(written.heartbeats_in, context),
    ha: readHa(written.ha),
    metrics: readEndpoint(datasources.metrics, ['datasources', 'metrics'], context),
    logs: readLogDatasource(datasources.logs, ['datasources', 'logs'], context),
    remoteWrite: readEndpoint(written.remote_write, ['remote_write'], context),
    alertmanagers: readAlertmanagers(written.alertmanagers, context),
    operatorObjects: readOperatorObjects(written.operator_objects, environment),
  };
  const problems = [...findings.problems, ...alertmanager.problems];
  if (problems.length > 0) throw new ConfigError(problems);
  return { config, warnings: alertmanager.written?.config.warnings ?? [] };
}

/** What holds where an alertmanager.yml is named by itself, in place of the one that alerting.yaml names.
 *  @param config undefined where no alerting.yaml says anything: its defaults hold */
export async function withAlertmanager(
  config: AlertingConfig | undefined,
  alertmanager: WrittenAlertmanager,
): Promise<AlertingConfig> {
  if (config !== undefined) return { ...config, alertmanager };
  const nothing = { text: '', file: alertmanager.file, root: [] };
  return (await readAlertingConfig(nothing, {}, { program: { dataDir: '', alertmanager } })).config;
}

/** Without a slash at its end; '' for none. */
function baseOf(url: URL | null | undefined): string {
  return (url?.href ?? '').replace(/\/+$/, '');
}

function checkWhatBelongsTogether(
  written: WrittenAlerting,
  { findings }: ReadContext,
  program: AlertingProgram | undefined,
): void {
  const sendsElsewhere = written.alertmanagers.length > 0;
  if (regexProblem(`^(?:${written.cors_origin})$`) !== undefined)
    findings.problem(['cors_origin'], 'a regular expression of the origins of web pages');
  const isAlone = program === undefined;
  if (written.data_dir === '' && isAlone) findings.problem(['data_dir'], 'the path of a folder');
  if (written.alertmanager_config === '' && !sendsElsewhere && isAlone)
    findings.problem([], 'alertmanager_config, the file that says who is told, or alertmanagers to send to');
  if (written.alertmanager_config !== '' && sendsElsewhere)
    findings.problemAtKey(['alertmanagers'], 'either alertmanager_config or alertmanagers, not both');
  const hasRules = written.rule_files.length > 0;
  if (hasRules && written.datasources.metrics == null && isAlone)
    findings.problemAtKey(['rule_files'], 'datasources.metrics beside it, which answers what rules ask');
  const hasLogRules = written.log_rule_files.length > 0;
  if (hasLogRules && written.datasources.logs == null)
    findings.problemAtKey(['log_rule_files'], 'datasources.logs beside it, the log store that they ask');
  const hasAnyRules = hasRules || hasLogRules || written.operator_objects != null;
  if (!hasAnyRules && sendsElsewhere && written.alertmanager_config === '')
    findings.problemAtKey(['alertmanagers'], 'rule_files or log_rule_files beside it: there is nothing else to send');
  if (written.heartbeats_in.length > 0 && sendsElsewhere)
    findings.problemAtKey(['heartbeats_in'], 'alertmanager_config beside it, by which its alerts are told');
  if (written.recording_rules && written.remote_write == null)
    findings.problemAtKey(['recording_rules'], 'remote_write beside it, which takes what rules record');
}

interface ReadAlertmanager {
  readonly written: WrittenAlertmanager | undefined;
  readonly problems: readonly ConfigProblem[];
}

/** An alertmanager.yml that no alerting.yaml names.
 *  @throws {ConfigError} with every problem in it; {VigieError} CONFIG_UNREADABLE */
export async function loadWrittenAlertmanager(path: string): Promise<WrittenAlertmanager> {
  const file = resolve(path);
  const { text } = await readConfigFile(path);
  return { file, text, config: parseAlertmanagerConfig(text, path) };
}

async function readAlertmanager(path: string, { folder }: ReadContext): Promise<ReadAlertmanager> {
  if (path === '') return { written: undefined, problems: [] };
  try {
    return { written: await loadWrittenAlertmanager(resolve(folder, path)), problems: [] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { written: undefined, problems: error.problems };
  }
}
