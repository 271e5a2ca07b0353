/** What alerting.yaml says, as it is used. */
import type { HttpClientConfig } from '@vigie/core/config/http-client-config';
import type { ListenAddress } from '@vigie/core/config/listen';
import type { LogLevel } from '@vigie/core/log-levels';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { EngineOptions } from '../engine-settings.ts';
import type { HaConfig } from '../ha/ha-section.ts';
import type { ExpectedHeartbeat } from '../heartbeat/expected-heartbeat.ts';
import type { HeartbeatTarget } from '../heartbeat/heartbeat-sender.ts';
import type { ReceiverOptions } from '../notify/receiver.ts';
import type { OperatorObjectsConfig } from '../operator/operator-objects.ts';
import type { InhibitRule } from './inhibition-section.ts';
import type { AlertmanagerConfig } from './load-config.ts';
import type { RulesConfig } from './rules-section.ts';

export interface AlertingConfig {
  readonly listen: ListenAddress;
  /** Of paths that are served there, `/alertmanager`; '' for none. */
  readonly routePrefix: string;
  readonly logLevel: LogLevel;
  readonly shutdownGraceMs: number;
  /** Absolute. */
  readonly dataDir: string;
  readonly externalLabels: LabelSet;
  /** Origins of web pages that may read answers of the API: RE2, of the whole origin; '' for none. */
  readonly corsOrigin: string;
  /** Under which users reach the service, without a slash at its end; '' where that is not known. */
  readonly externalUrl: string;
  /** Below it, at /graph, users see the expressions of rules, without a slash at its end; '' for externalUrl. */
  readonly graphUrl: string;
  readonly evaluationIntervalMs: number;
  /** How far rules look back, of groups that say nothing. */
  readonly queryOffsetMs: number;
  /** Patterns of files, absolute. */
  readonly ruleFiles: readonly string[];
  /** The same, of log rules. */
  readonly logRuleFiles: readonly string[];
  /** Whether recording rules are evaluated as well. */
  readonly recordingRules: boolean;
  readonly rules: RulesConfig;
  /** undefined: alerts are sent to `alertmanagers`. */
  readonly alertmanager: WrittenAlertmanager | undefined;
  /** By the names of receivers. */
  readonly receivers: ReadonlyMap<string, ReceiverOptions>;
  readonly engine: EngineOptions;
  /** Beside those of alertmanager_config. */
  readonly inhibitRules: readonly InhibitRule[];
  /** Whom it tells that alerts get through. */
  readonly heartbeats: readonly HeartbeatTarget[];
  /** Of others, whose silence is an alert. */
  readonly expectedHeartbeats: readonly ExpectedHeartbeat[];
  /** undefined: there is one replica. */
  readonly ha: HaConfig | undefined;
  readonly metrics: Endpoint | undefined;
  readonly logs: LogDatasource | undefined;
  readonly remoteWrite: Endpoint | undefined;
  /** Of base URLs: /api/v2/alerts is below them. */
  readonly alertmanagers: readonly Endpoint[];
  /** undefined: no objects of the Prometheus operator are read. */
  readonly operatorObjects: OperatorObjectsConfig | undefined;
}

export interface WrittenAlertmanager {
  /** Absolute. */
  readonly file: string;
  readonly text: string;
  readonly config: AlertmanagerConfig;
}

/** Another server. */
export interface Endpoint {
  readonly url: URL;
  readonly timeoutMs: number;
  readonly http: HttpClientConfig;
}

/** A log store. */
export interface LogDatasource extends Endpoint, LogDelays {
  readonly type: 'loki' | 'elasticsearch' | 'opensearch';
  /** Of Loki; '' for none. */
  readonly tenant: string;
  /** Of Elasticsearch and OpenSearch: names and patterns, parted by commas. */
  readonly index: string;
}

/** How late lines come. */
export interface LogDelays {
  /** Lines may take this long, or where most take longer, up to the longest, before a window is evaluated. */
  readonly queryDelayMs: number;
  readonly maxQueryDelayMs: number;
  /** For how long lines are waited for that come later still. */
  readonly lateLinesMs: number;
}
