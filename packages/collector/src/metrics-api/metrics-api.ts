/** The metrics APIs of a cluster as one part of a collector: the port, who may ask it, its certificate, the APIServices that lead to
 *  it, and what its answers are made of. */
import type { Clock } from '@vigie/core/clock';
import { bug } from '@vigie/core/errors';
import type { HostPort } from '@vigie/core/host-port';
import type { HealthCheck } from '@vigie/core/http-server/health-routes';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import type { Report } from '@vigie/core/telemetry';
import type { ServerTlsFiles, ServerTlsOptions } from '@vigie/core/tls';
import { CertificateFiles, type CertificateSource, expiryMs } from '@vigie/kube/certificates/certificate-source';
import type { KubeClient } from '@vigie/kube/client';
import type { ClusterObjects } from '../adapter/cluster-objects.ts';
import type { ScrapeIntervals } from '../adapter/default-metrics.ts';
import type { ExplainQuestion } from '../adapter/explain-question.ts';
import type { MetricExplanation } from '../adapter/explanation.ts';
import type { ListedMetrics } from '../adapter/listed-metrics.ts';
import { MetricsAdapter } from '../adapter/metrics-adapter.ts';
import type { SharedEndpoints } from '../adapter/repeated-series.ts';
import { DiscoveredResources } from '../adapter/rest-mapper.ts';
import type { Answerer } from '../adapter/rule-evaluation.ts';
import type { AdapterConfig } from '../config/adapter-config.ts';
import { configText } from '../config/config-text.ts';
import type { ApiGroup } from './api-groups.ts';
import { MetricsApiListener } from './api-server.ts';
import { ApiServiceOwners } from './api-service-owners.ts';
import { ApiServices } from './api-services.ts';
import { Authenticator } from './authenticate.ts';
import { AuthenticationConfigWatch } from './authentication-config.ts';
import { Authorizer } from './authorize.ts';
import { FoundApiServices } from './found-api-services.ts';
import { type METRICS_API_METRICS, MetricsApiCounts, type RequestGroup, reportApiServices } from './telemetry.ts';

export interface MetricsApiOptions {
  readonly listen: HostPort;
  readonly certificate: /** Somebody else renews them, and tells API servers whom to trust. */
    | { readonly kind: 'files'; readonly files: Pick<ServerTlsFiles, 'certFile' | 'keyFile'> }
    | {
        readonly kind: 'self_made';
        /** Where API servers reach us; the Secret is in its namespace. */
        readonly service: { readonly namespace: string; readonly name: string; readonly port: number };
        /** undefined: kept in memory, by a collector that has no replicas. */
        readonly secret: string | undefined;
        readonly validityMs: number;
        /** Whose APIServices are to lead here. */
        readonly groups: readonly ApiGroup[];
        /** Of these, those that are taken from whoever has them. */
        readonly takeOver: readonly ApiGroup[];
      };
  /** `none` lets everybody ask: for an address of this host alone. */
  readonly auth: 'kubernetes' | 'none';
  /** The API server has asked RBAC already about what comes through it: do not ask again. */
  readonly trustFrontProxy: boolean;
  /** prometheus-adapter's configuration; undefined: every series has its metric. */
  readonly adapter: AdapterConfig | undefined;
  readonly queryTimeoutMs: number;
  /** A value whose newest sample is older is left out. */
  readonly maxAgeMs: number;
}

export interface MetricsApiDeps {
  readonly client: KubeClient;
  readonly answerer: Answerer;
  readonly pods: ClusterObjects;
  readonly nodes: ClusterObjects;
  readonly intervals: ScrapeIntervals;
  readonly endpoints: SharedEndpoints;
  /** Another adapter's API server, for external metrics that are not known here; a client of it with this pod's own token. */
  readonly delegate: KubeClient | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Where the line `listening on …` goes. */
  readonly print: (line: string) => void;
  /** Told of each request's time. */
  readonly observe: (group: RequestGroup, seconds: number) => void;
  /** Told of a namespace of which a value was asked for in vain: an HPA may be waiting for it. */
  readonly unserved: (namespace: string) => void;
}

export class MetricsApi {
  readonly #options: MetricsApiOptions;
  readonly #deps: MetricsApiDeps;
  #adapter: MetricsAdapter;
  #rules: AdapterConfig | undefined;
  readonly #listener: MetricsApiListener;
  readonly #authentication: AuthenticationConfigWatch;
  readonly #owners = new ApiServiceOwners();
  /** That are kept leading here. */
  readonly #services: ApiServices | undefined;
  /** That are somebody else's to keep. */
  readonly #found: FoundApiServices | undefined;
  readonly #counts = new MetricsApiCounts();
  readonly #ending = new AbortController();
  #certificates: CertificateSource | undefined;
  #expiresAtMs: number | undefined;
  #certificate: string | Buffer = '';
  #following: Promise<unknown> | undefined;
  #closed: Promise<void> | undefined;

  /** @throws {VigieError} ADAPTER_RULE_INVALID */
  constructor(options: MetricsApiOptions, deps: MetricsApiDeps) {
    const { client, clock, random, log, print, observe, unserved } = deps;
    this.#options = options;
    this.#deps = deps;
    const { certificate } = options;
    this.#rules = options.adapter;
    this.#adapter = this.#createAdapter(options.adapter);
    this.#authentication = new AuthenticationConfigWatch(client, { clock, random, log });
    this.#services =
      certificate.kind === 'self_made'
        ? new ApiServices(
            { groups: certificate.groups, takeOver: certificate.takeOver, service: certificate.service },
            { client, log, owners: this.#owners },
          )
        : undefined;
    this.#found =
      certificate.kind === 'files'
        ? new FoundApiServices({ client, clock, log, certificate: () => this.#certificate, owners: this.#owners })
        : undefined;
    this.#listener = new MetricsApiListener(options.listen, {
      adapter: () => this.#adapter,
      admission:
        options.auth === 'none'
          ? 'open'
          : {
              authenticator: new Authenticator({ client, clock, config: () => this.#authentication.current }),
              authorizer: new Authorizer(client, { trustFrontProxy: options.trustFrontProxy }, clock),
            },
      counts: this.#counts,
      clock,
      log,
      print,
      ready: () => this.ready(),
      observe,
      unserved,
    });
  }

  /** Opens the port as soon as there is a certificate. Until it is known whom the cluster trusts, requests are answered 503.
   *  @throws {VigieError} LISTEN_FAILED; of certificate files FILE_UNREADABLE, TLS_INVALID; and the signal's reason */
  async start(signal: AbortSignal): Promise<void> {
    if (this.#options.auth === 'kubernetes') this.#authentication.start(this.#ending.signal);
    const certificates = await this.#certificateSource();
    this.#certificates = certificates;
    const tls = await certificates.first(signal);
    this.#known(tls);
    await this.#listener.start(tls);
    const { signal: ending } = this.#ending;
    const following = certificates
      .follow((next) => this.#use(next), ending)
      .catch((error: unknown) => this.#deps.log.error('the certificate is no longer looked after', { error }));
    this.#following = Promise.all([following, this.#found?.follow(ending)]);
  }

  /** Takes up other rules of an adapter; what is being answered is answered by those of before.
   *  @throws {VigieError} ADAPTER_RULE_INVALID */
  useRules(rules: AdapterConfig | undefined): void {
    if (configText(rules) === configText(this.#rules)) return;
    this.#adapter = this.#createAdapter(rules);
    this.#rules = rules;
  }

  /** Where it listens.
   *  @throws before it does */
  get address(): HostPort {
    return this.#listener.address;
  }

  close({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  /** Whether requests can be answered now: what is not ready gets none through its Service. */
  ready(): readonly HealthCheck[] {
    const isKnown = this.#options.auth === 'none' || this.#authentication.current !== undefined;
    return [
      { name: 'metrics-api-certificate', problem: this.#certificateProblem() },
      {
        name: 'metrics-api-authentication',
        problem: isKnown ? undefined : 'kube-system/extension-apiserver-authentication has not been read yet',
      },
    ];
  }

  /** See MetricsAdapter.explainMetric. */
  explainMetric(question: ExplainQuestion, signal: AbortSignal): Promise<MetricExplanation> {
    return this.#adapter.explainMetric(question, signal);
  }

  /** Whom the cluster asks for metrics of the group, where that is another; undefined also where APIServices may not be read. */
  servedBy(group: ApiGroup): string | undefined {
    return this.#owners.ownerOf(group);
  }

  /** Which metrics there are, and of what. */
  listMetrics(signal: AbortSignal): Promise<ListedMetrics> {
    return this.#adapter.listMetrics(signal);
  }

  report(report: Report<typeof METRICS_API_METRICS>): void {
    this.#counts.report(report);
    reportApiServices(this.#owners.all, report);
    if (this.#expiresAtMs !== undefined) report('metricsApiCertificateExpiry', {}, this.#expiresAtMs / 1000);
    report('metricsApiCertificateProblem', {}, this.#certificates?.problem === undefined ? 0 : 1);
  }

  #createAdapter(config: AdapterConfig | undefined): MetricsAdapter {
    const { queryTimeoutMs, maxAgeMs } = this.#options;
    const { client, clock, log, answerer, pods, nodes, intervals, endpoints, delegate } = this.#deps;
    const { signal } = this.#ending;
    const mapper = new DiscoveredResources(client, { clock, log }, signal);
    return new MetricsAdapter(
      { config, queryTimeoutMs, maxAgeMs },
      { answerer, pods, nodes, mapper, client, delegate, intervals, endpoints, clock, log, signal },
    );
  }

  async #close(graceMs: number): Promise<void> {
    await this.#listener.close({ graceMs });
    this.#ending.abort(new DOMException('the metrics API ends', 'AbortError'));
    await this.#following;
    await this.#authentication.close();
  }

  /** The code that makes certificates is loaded where it is wanted: 100 ms. */
  async #certificateSource(): Promise<CertificateSource> {
    const { client, clock, random, log } = this.#deps;
    const { certificate } = this.#options;
    if (certificate.kind === 'files') return new CertificateFiles(certificate.files, clock);
    if (this.#services === undefined) throw bug('a certificate of our own without APIServices');
    const [{ SelfMadeCertificates }, { makeCertificates }] = await Promise.all([
      import('@vigie/kube/certificates/self-made'),
      import('@vigie/kube/certificates/make-certificates'),
    ]);
    const { service, secret, validityMs } = certificate;
    return new SelfMadeCertificates(
      { namespace: service.namespace, secret, service: service.name, owner: 'vigie metrics API', validityMs },
      { client, clock, random, log, make: makeCertificates, trust: this.#services },
    );
  }

  /** A certificate that cannot be renewed is good until it ends: the metric and the log tell of it before. */
  #certificateProblem(): string | undefined {
    if (this.#expiresAtMs === undefined) return this.#certificates?.problem ?? 'there is none yet';
    if (this.#expiresAtMs > this.#deps.clock.nowMs()) return undefined;
    return `it ended at ${new Date(this.#expiresAtMs).toISOString()}`;
  }

  #use(tls: ServerTlsOptions): void {
    this.#known(tls);
    this.#listener.use(tls);
  }

  #known({ cert }: ServerTlsOptions): void {
    this.#certificate = cert;
    this.#expiresAtMs = expiryMs(cert);
  }
}
