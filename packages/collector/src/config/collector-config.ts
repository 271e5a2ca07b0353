/** A collector's configuration once it is read: prometheus.yml with its defaults filled in, and Vigie's own sections. */

import type { HttpClientConfig } from '@vigie/core/config/http-client-config';
import type { ListenAddress } from '@vigie/core/config/listen';
import type { LogLevel } from '@vigie/core/log-levels';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { DiscoveryConfig } from '../discovery/discovery-config.ts';
import type { KubeStateOptions } from '../kube-state/kube-state.ts';
import type { OperatorObjectsConfig } from '../operator/operator-objects.ts';
import type { ProbeOptions } from '../probe/probes.ts';
import type { RelabelRule } from '../relabel/relabel-rule.ts';
import type { ShardConfig } from '../sharding/shard.ts';
import type { AdapterConfig } from './adapter-config.ts';
import type { OtlpConfig } from './otlp-config.ts';
import type { MetricsApiConfig, RemoteEngineConfig } from './own-sections.ts';
import type { RemoteWriteConfig } from './remote-write-config.ts';
import type { StorageConfig } from './storage-config.ts';
import type { RelabelTest } from './tests-section.ts';

/** Prometheus' names of the formats that a target may be asked for. */
export type ScrapeProtocol =
  | 'PrometheusProto'
  | 'OpenMetricsText0.0.1'
  | 'OpenMetricsText1.0.0'
  | 'PrometheusText0.0.4'
  | 'PrometheusText1.0.0';

/** undefined: no limit. */
export interface TargetLimits {
  readonly bodyBytes: number | undefined;
  readonly samples: number | undefined;
  readonly labels: number | undefined;
  readonly labelNameLength: number | undefined;
  readonly labelValueLength: number | undefined;
  /** Of one job, after relabeling. */
  readonly targets: number | undefined;
}

/** What native histograms are brought down to. */
export interface HistogramLimits {
  /** Of both signs together; undefined: no limit. */
  readonly buckets: number | undefined;
  /** The finest resolution that is kept, from -4 to 8. */
  readonly maxSchema: number;
}

/** One `scrape_configs` entry; what it leaves out is taken from `global`. */
export interface ScrapeConfig {
  readonly jobName: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** In order of preference, not empty. */
  readonly protocols: readonly ScrapeProtocol[];
  /** Of an answer without a content type, or with one that is not known. */
  readonly fallbackProtocol: ScrapeProtocol | undefined;
  readonly metricsPath: string;
  readonly scheme: 'http' | 'https';
  readonly params: Readonly<Record<string, readonly string[]>>;
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  readonly trackTimestampsStaleness: boolean;
  readonly enableCompression: boolean;
  readonly scrapeNativeHistograms: boolean;
  readonly alwaysScrapeClassicHistograms: boolean;
  /** Into native ones with custom buckets. */
  readonly convertsClassicHistograms: boolean;
  readonly extraScrapeMetrics: boolean;
  readonly client: HttpClientConfig;
  readonly discovery: readonly DiscoveryConfig[];
  readonly relabel: readonly RelabelRule[];
  readonly metricRelabel: readonly RelabelRule[];
  readonly limits: TargetLimits;
  readonly histogramLimits: HistogramLimits;
  /** Dropped targets that /api/v1/targets shows; undefined: all. */
  readonly keepDroppedTargets: number | undefined;
}

export interface CollectorConfig {
  readonly externalLabels: LabelSet;
  readonly evaluationIntervalMs: number;
  readonly ruleQueryOffsetMs: number;
  /** Globs, absolute. */
  readonly ruleFiles: readonly string[];
  readonly scrapes: readonly ScrapeConfig[];
  readonly storage: StorageConfig;
  readonly remoteWrite: readonly RemoteWriteConfig[];
  readonly otlp: OtlpConfig;
  /** undefined: the embedded one. */
  readonly engine: RemoteEngineConfig | undefined;
  /** undefined: it scrapes every target. */
  readonly sharding: ShardConfig | undefined;
  /** undefined: every series with a pod, service or namespace is offered. */
  readonly adapter: AdapterConfig | undefined;
  /** undefined: not configured. */
  readonly metricsApi: MetricsApiConfig | undefined;
  /** undefined: nothing is told of the cluster's objects. */
  readonly kubeState: KubeStateOptions | undefined;
  /** Jobs of the collector's own, by the label `job`, that have as many series as the cluster has pods and nodes: no budget of a job bounds them. */
  readonly clusterJobs: readonly string[];
  /** undefined: nothing is probed. */
  readonly probes: ProbeOptions | undefined;
  /** undefined: no objects of the Prometheus operator are read. */
  readonly operatorObjects: OperatorObjectsConfig | undefined;
  readonly listen: ListenAddress;
  readonly logLevel: LogLevel;
  readonly shutdownGraceMs: number;
  /** Of `vigie check collector --test`. */
  readonly tests: readonly RelabelTest[];
}
