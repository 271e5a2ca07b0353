/** What a collector does for its cluster beyond scraping: the metrics APIs, and the state of the cluster's objects. */
import type { Clock } from '@vigie/core/clock';
import type { HealthCheck } from '@vigie/core/http-server/health-routes';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { type Exposition, Telemetry } from '@vigie/core/telemetry';
import { KubeClient } from '@vigie/kube/client';
import type { KubeConfig } from '@vigie/kube/config';
import { ClusterObjectWatch } from '../adapter/cluster-object-watch.ts';
import type { ScrapeIntervals } from '../adapter/default-metrics.ts';
import { DiscoveredResources } from '../adapter/rest-mapper.ts';
import type { Answerer } from '../adapter/rule-evaluation.ts';
import type { CollectorConfig } from '../config/collector-config.ts';
import { KUBE_STATE_URL } from '../config/default-jobs.ts';
import type { MetricsApiConfig } from '../config/own-sections.ts';
import type { ExplainedHpa } from '../hpa/explained-hpa.ts';
import { KubeState } from '../kube-state/kube-state.ts';
import { KUBE_STATE_METRICS, reportKubeState } from '../kube-state/telemetry.ts';
import { API_GROUP_NAMES } from '../metrics-api/api-groups.ts';
import { MetricsApi, type MetricsApiOptions } from '../metrics-api/metrics-api.ts';
import { METRICS_API_METRICS } from '../metrics-api/telemetry.ts';
import type { Page } from '../scrape/fetch-exposition.ts';
import { explainInCluster } from './explain-in-cluster.ts';

export interface ClusterDeps {
  readonly kubeConfig: KubeConfig;
  readonly answerer: Answerer;
  readonly intervals: ScrapeIntervals;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** For proxies. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `vigie/1.2.3` */
  readonly userAgent: string;
  /** Where the line `listening on …` goes. */
  readonly print: (line: string) => void;
}

/** Of the Service that leads to the metrics APIs. */
const SERVICE_PORT = 443;
const METRICS = { ...METRICS_API_METRICS, ...KUBE_STATE_METRICS };

export class Cluster {
  readonly #client: KubeClient;
  readonly #delegate: KubeClient | undefined;
  readonly #clock: Clock;
  readonly #kubeState: KubeState | undefined;
  readonly #metricsApi: MetricsApi | undefined;
  readonly #mapper: DiscoveredResources;
  readonly #watches: readonly ClusterObjectWatch[];
  readonly #telemetry = new Telemetry(METRICS);
  readonly #ending = new AbortController();
  #closed: Promise<void> | undefined;

  /** @throws {VigieError} ADAPTER_RULE_INVALID */
  constructor({ metricsApi, adapter, kubeState }: CollectorConfig, deps: ClusterDeps) {
    const { kubeConfig, clock, random, log } = deps;
    this.#clock = clock;
    this.#client = clientOf(kubeConfig, deps);
    this.#mapper = new DiscoveredResources(this.#client, { clock, log }, this.#ending.signal);
    this.#kubeState = kubeState && new KubeState(this.#client, kubeState, { clock, random, log });
    const pods = new ClusterObjectWatch('pods', undefined, this.#client, { clock, random, log });
    const nodes = new ClusterObjectWatch('nodes', undefined, this.#client, { clock, random, log });
    this.#watches = metricsApi === undefined ? [] : [pods, nodes];
    this.#delegate = metricsApi?.delegate && clientOf(delegateConfig(kubeConfig, metricsApi.delegate), deps);
    this.#metricsApi =
      metricsApi &&
      new MetricsApi(
        { ...optionsOf(metricsApi, this.#client.namespace), adapter },
        {
          ...deps,
          client: this.#client,
          pods: pods.objects,
          nodes: nodes.objects,
          delegate: this.#delegate,
          observe: (group, seconds) => this.#telemetry.observe('metricsApiSeconds', { group }, seconds),
        },
      );
    this.#telemetry.collect((report) => {
      this.#metricsApi?.report(report);
      if (this.#kubeState !== undefined) reportKubeState(this.#kubeState, report);
    });
  }

  /** What it tells of the cluster, to be scraped. */
  pageOf(url: string): Page | undefined {
    const state = this.#kubeState;
    return url === KUBE_STATE_URL && state !== undefined ? () => state.expose() : undefined;
  }

  /** Resolves once the metrics APIs can be asked; what else there is follows the cluster from now on.
   *  @throws {VigieError} see MetricsApi.start; the signal's reason */
  async start(signal: AbortSignal): Promise<void> {
    this.#kubeState?.start(this.#ending.signal);
    for (const watch of this.#watches) watch.start(this.#ending.signal);
    await this.#metricsApi?.start(signal);
  }

  ready(): readonly HealthCheck[] {
    return this.#metricsApi?.ready() ?? [];
  }

  expose(): Promise<Exposition> {
    return this.#telemetry.expose();
  }

  /** Why an HPA does what it does; undefined where there is none of that name.
   *  @throws {VigieError} METRICS_API_OFF, KUBE_UNAVAILABLE; the signal's reason */
  explain(namespace: string, name: string, signal: AbortSignal): Promise<ExplainedHpa | undefined> {
    const deps = { client: this.#client, mapper: this.#mapper, clock: this.#clock, metricsApi: this.#metricsApi };
    return explainInCluster(namespace, name, deps, signal);
  }

  close(options: { readonly graceMs: number }): Promise<void> {
    this.#closed ??= this.#close(options);
    return this.#closed;
  }

  async #close(options: { readonly graceMs: number }): Promise<void> {
    await this.#metricsApi?.close(options);
    this.#ending.abort(new DOMException('the collector ends', 'AbortError'));
    await Promise.all([this.#kubeState?.close(), ...this.#watches.map((watch) => watch.close())]);
    this.#delegate?.close();
    this.#client.close();
  }
}

function clientOf(config: KubeConfig, { clock, env, userAgent, log }: ClusterDeps): KubeClient {
  const reloadFailed = (detail: string): void =>
    log.error('credentials of the API server cannot be read again', { detail });
  return new KubeClient(config, { clock, env, userAgent, reloadFailed });
}

/** Another adapter knows us by the same token as the API server does. */
function delegateConfig(
  { credentials, namespace, origin }: KubeConfig,
  { url, caFile }: NonNullable<MetricsApiConfig['delegate']>,
): KubeConfig {
  return { server: url, tls: caFile === undefined ? {} : { ca: { file: caFile } }, credentials, namespace, origin };
}

function optionsOf(config: MetricsApiConfig, namespace: string): Omit<MetricsApiOptions, 'adapter'> {
  const { certificate, ...rest } = config;
  if (certificate.kind === 'files') return { ...rest, certificate };
  const { service, secret, validityMs, takeOver } = certificate;
  return {
    ...rest,
    certificate: {
      kind: 'self_made',
      service: { namespace, name: service, port: SERVICE_PORT },
      secret,
      validityMs,
      groups: API_GROUP_NAMES,
      takeOver,
    },
  };
}
