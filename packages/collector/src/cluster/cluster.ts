/** What a collector does for its cluster beyond scraping: the metrics APIs, the state of the cluster's objects, and jobs that objects of the
 *  Prometheus operator ask for. */
import type { Clock } from '@vigie/core/clock';
import type { HealthCheck } from '@vigie/core/http-server/health-routes';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { type Exposition, Telemetry } from '@vigie/core/telemetry';
import { KubeClient, resourcePath } from '@vigie/kube/client';
import type { KubeConfig } from '@vigie/kube/config';
import type { CustomObjectsStatus } from '@vigie/kube/custom-objects/custom-objects';
import { clusterObjectView, ObjectIndex } from '../adapter/cluster-objects.ts';
import type { ScrapeIntervals } from '../adapter/default-metrics.ts';
import type { ListedMetrics } from '../adapter/listed-metrics.ts';
import type { SharedEndpoints } from '../adapter/repeated-series.ts';
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
import type { Asked } from '../operator/object-jobs.ts';
import { OperatorObjects } from '../operator/operator-objects.ts';
import { OPERATOR_METRICS, reportOperatorObjects } from '../operator/telemetry.ts';
import type { Page } from '../scrape/fetch-exposition.ts';
import { explainInCluster, type HpaManifest, metricsApiOff, readHpaManifest } from './explain-in-cluster.ts';
import { HPA_EVENT_METRICS, reportHpaEvents } from './hpa-event-telemetry.ts';
import { HpaEvents } from './hpa-events.ts';
import type { JoinedWatch } from './shared-watch.ts';
import { allOf, type SharedWatches } from './shared-watches.ts';
import { WarmUp, type WarmUpDeps } from './warm-up.ts';

export interface ClusterDeps {
  /** Of the cluster that the collector is in, as its watches find it too. */
  readonly kubeConfig: KubeConfig;
  /** Those of discovery. */
  readonly watches: SharedWatches;
  readonly answerer: Answerer;
  readonly intervals: ScrapeIntervals;
  /** Of the collector's own database. */
  readonly samples: NonNullable<WarmUpDeps['samples']>;
  readonly endpoints: SharedEndpoints;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** For proxies. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `vigie/1.2.3` */
  readonly userAgent: string;
  readonly hostName: string;
  /** Where the line `listening on …` goes. */
  readonly print: (line: string) => void;
  /** Takes up what objects of the Prometheus operator ask for, in place of what they asked for before. */
  readonly use: (asked: Asked) => Promise<void>;
}

/** Of the Service that leads to the metrics APIs. */
const SERVICE_PORT = 443;
const PODS = resourcePath({ group: '', version: 'v1', resource: 'pods' });
const NODES = resourcePath({ group: '', version: 'v1', resource: 'nodes' });
const METRICS = { ...METRICS_API_METRICS, ...KUBE_STATE_METRICS, ...OPERATOR_METRICS, ...HPA_EVENT_METRICS };

export class Cluster {
  readonly #client: KubeClient;
  readonly #delegate: KubeClient | undefined;
  readonly #clock: Clock;
  readonly #kubeState: KubeState | undefined;
  readonly #metricsApi: MetricsApi | undefined;
  readonly #hpaEvents: HpaEvents | undefined;
  /** Of what serves HPAs. */
  readonly #warmUp: WarmUp;
  readonly #operator: OperatorObjects | undefined;
  readonly #mapper: DiscoveredResources;
  readonly #watches: SharedWatches;
  readonly #pods = new ObjectIndex();
  readonly #nodes = new ObjectIndex();
  #joined: readonly JoinedWatch<unknown>[] = [];
  readonly #telemetry = new Telemetry(METRICS);
  readonly #ending = new AbortController();
  #closed: Promise<void> | undefined;

  /** @throws {VigieError} ADAPTER_RULE_INVALID */
  constructor({ metricsApi, adapter, kubeState, operatorObjects, scrapes }: CollectorConfig, deps: ClusterDeps) {
    const { kubeConfig, watches, answerer, samples, clock, random, log, hostName, use } = deps;
    this.#clock = clock;
    this.#watches = watches;
    this.#client = clientOf(kubeConfig, deps);
    this.#warmUp = new WarmUp({
      samples: answerer.kind === 'embedded' ? samples : undefined,
      intervalMs: Math.max(0, ...scrapes.map(({ intervalMs }) => intervalMs)),
      clock,
    });
    this.#mapper = new DiscoveredResources(this.#client, { clock, log }, this.#ending.signal);
    this.#kubeState = kubeState && new KubeState(kubeState, watches);
    this.#delegate = metricsApi?.delegate && clientOf(delegateConfig(kubeConfig, metricsApi.delegate), deps);
    const client = this.#client;
    this.#operator = operatorObjects && new OperatorObjects(operatorObjects, { client, clock, random, log, use });
    this.#hpaEvents =
      metricsApi?.events === true
        ? new HpaEvents({
            client,
            explain: (namespace, name, signal) => this.explain(namespace, name, signal),
            hostName,
            clock,
            log,
          })
        : undefined;
    this.#metricsApi =
      metricsApi &&
      new MetricsApi(
        { ...optionsOf(metricsApi, this.#client.namespace), adapter },
        {
          ...deps,
          client: this.#client,
          pods: this.#pods,
          nodes: this.#nodes,
          delegate: this.#delegate,
          observe: (group, seconds) => this.#telemetry.observe('metricsApiSeconds', { group }, seconds),
          unserved: (namespace) => this.#hpaEvents?.unserved(namespace),
        },
      );
    this.#telemetry.collect((report) => {
      this.#metricsApi?.report(report);
      if (this.#kubeState !== undefined) reportKubeState(this.#kubeState, report);
      if (this.#operator !== undefined) reportOperatorObjects(this.#operator, report);
      if (this.#hpaEvents !== undefined) reportHpaEvents(this.#hpaEvents.counts, report);
    });
  }

  /** What it tells of the cluster, to be scraped. */
  pageOf(url: string): Page | undefined {
    const state = this.#kubeState;
    return url === KUBE_STATE_URL && state !== undefined ? () => state.expose() : undefined;
  }

  /** Resolves once the metrics APIs can be asked; what else there is follows the cluster from now on: all watches are joined when this
   *  returns its promise.
   *  @throws {VigieError} see MetricsApi.start; where the API server is not known; the signal's reason */
  async start(signal: AbortSignal): Promise<void> {
    this.#kubeState?.start();
    this.#operator?.start();
    if (this.#metricsApi === undefined) return;
    this.#joined = [
      this.#watches.join(allOf(PODS), clusterObjectView, this.#pods),
      this.#watches.join(allOf(NODES), clusterObjectView, this.#nodes),
    ];
    this.#warmUp.start(Promise.all(this.#joined.map(({ synced }) => synced)), this.#ending.signal);
    await this.#metricsApi.start(signal);
  }

  /** Takes up what a reload changes of it: what jobs of objects inherit, and rules of an adapter. */
  apply({ operatorObjects, adapter }: CollectorConfig): void {
    if (operatorObjects !== undefined) this.#operator?.reconfigure(operatorObjects);
    this.#metricsApi?.useRules(adapter);
  }

  /** undefined where no objects of the Prometheus operator are read. */
  operatorStatus(): CustomObjectsStatus | undefined {
    return this.#operator?.status();
  }

  ready(): readonly HealthCheck[] {
    return this.#metricsApi === undefined ? [] : [...this.#metricsApi.ready(), this.#warmUp.check()];
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

  /** The same HPA as it is written; undefined where there is none of that name.
   *  @throws {VigieError} KUBE_UNAVAILABLE; the signal's reason */
  hpaManifest(namespace: string, name: string, signal: AbortSignal): Promise<HpaManifest | undefined> {
    return readHpaManifest(namespace, name, this.#client, signal);
  }

  /** Which metrics the metrics APIs offer.
   *  @throws {VigieError} METRICS_API_OFF; what the storage throws */
  async listMetrics(signal: AbortSignal): Promise<ListedMetrics> {
    if (this.#metricsApi === undefined) throw metricsApiOff();
    return this.#metricsApi.listMetrics(signal);
  }

  close(options: { readonly graceMs: number }): Promise<void> {
    this.#closed ??= this.#close(options);
    return this.#closed;
  }

  async #close(options: { readonly graceMs: number }): Promise<void> {
    await this.#operator?.close();
    await this.#metricsApi?.close(options);
    await this.#hpaEvents?.close();
    this.#ending.abort(new DOMException('the collector ends', 'AbortError'));
    await Promise.all([this.#kubeState?.close(), ...this.#joined.map((joined) => joined.leave())]);
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
  const { certificate, events: _, ...rest } = config;
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
