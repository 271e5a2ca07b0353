/** The configuration of a collector that is part of a program and records what that tells of itself. */
import { DEFAULT_HTTP_CLIENT } from '@vigie/core/config/http-client-config';
import { formatHostPort, type HostPort } from '@vigie/core/host-port';
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { CollectorConfig, ScrapeConfig } from './config/collector-config.ts';
import { DEFAULT_OTLP } from './config/otlp-config.ts';
import { NO_HISTOGRAM_LIMITS } from './scrape/histogram-limits.ts';

export interface StorageBounds {
  /** Of the database. */
  readonly folder: string;
  readonly maxBytes: number;
}

const JOB = 'vigie';
const ANY_ADDRESS: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1', '': '127.0.0.1' };

/** Of one that is not configured. */
export function unconfiguredCollector({ folder, maxBytes }: StorageBounds): CollectorConfig {
  return {
    externalLabels: LabelSet.empty,
    evaluationIntervalMs: 60_000,
    ruleQueryOffsetMs: 0,
    ruleFiles: [],
    scrapes: [],
    storage: {
      path: folder,
      retentionMs: undefined,
      retentionBytes: maxBytes,
      snapshotIntervalMs: undefined,
      outOfOrderWindowMs: 0,
      maxExemplars: undefined,
      budgets: {},
    },
    remoteWrite: [],
    otlp: DEFAULT_OTLP,
    engine: undefined,
    sharding: undefined,
    adapter: undefined,
    metricsApi: undefined,
    kubeState: undefined,
    clusterJobs: [],
    probes: undefined,
    operatorObjects: undefined,
    tests: [],
    listen: { address: { host: '127.0.0.1', port: 0 }, auth: { type: 'none' } },
    logLevel: 'info',
    shutdownGraceMs: 0,
  };
}

/** Beside its jobs, one that records what the program tells; a job of that name is the user's own way to do it.
 *  @param address where the program listens */
export function withOwnMetrics(config: CollectorConfig, address: HostPort): CollectorConfig {
  if (config.scrapes.some(({ jobName }) => jobName === JOB)) return config;
  return { ...config, scrapes: [...config.scrapes, ownJob(address)] };
}

function ownJob(address: HostPort): ScrapeConfig {
  const target = formatHostPort({ ...address, host: ANY_ADDRESS[address.host] ?? address.host });
  return {
    jobName: JOB,
    // As collectors scrape by default.
    intervalMs: 15_000,
    timeoutMs: 10_000,
    protocols: ['PrometheusText0.0.4'],
    fallbackProtocol: undefined,
    metricsPath: '/metrics',
    scheme: 'http',
    params: {},
    honorLabels: false,
    honorTimestamps: true,
    trackTimestampsStaleness: false,
    enableCompression: false,
    scrapeNativeHistograms: false,
    alwaysScrapeClassicHistograms: false,
    convertsClassicHistograms: false,
    extraScrapeMetrics: false,
    client: DEFAULT_HTTP_CLIENT,
    discovery: [{ kind: 'static', groups: [{ targets: [target], labels: { instance: formatHostPort(address) } }] }],
    relabel: [],
    metricRelabel: [],
    limits: {
      bodyBytes: undefined,
      samples: undefined,
      labels: undefined,
      labelNameLength: undefined,
      labelValueLength: undefined,
      targets: undefined,
    },
    histogramLimits: NO_HISTOGRAM_LIMITS,
    keepDroppedTargets: undefined,
  };
}
