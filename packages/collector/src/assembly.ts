/** A collector with everything around it: discovery, probes, and what it does for its cluster. The ports are the program's, whose paths begin at
 *  the prefix: '' for `vigie collector`, `/prometheus` in `vigie up`. */
import { readFile } from 'node:fs/promises';
import type { Clock } from '@vigie/core/clock';
import type { HostPort } from '@vigie/core/host-port';
import type { HealthCheck } from '@vigie/core/http-server/health-routes';
import type { Mount } from '@vigie/core/http-server/mount';
import { mountRoutes, type Route } from '@vigie/core/http-server/routes';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { countReload } from '@vigie/core/reload-counts';
import { type Exposition, Telemetry } from '@vigie/core/telemetry';
import { loadKubeConfig } from '@vigie/kube/config';
import { Cluster } from './cluster/cluster.ts';
import { explainRoute, hpaManifestRoute, listMetricsRoute } from './cluster/explain-route.ts';
import { SharedWatches } from './cluster/shared-watches.ts';
import { statusRoute } from './cluster/status-route.ts';
import type { CollectorConfig } from './config/collector-config.ts';
import { restartSections } from './config/restart-sections.ts';
import { createDiscovery, type DiscoveryDeps } from './discovery/create-discovery.ts';
import { createDiscoveryCounters } from './discovery/discovery-counters.ts';
import { systemFiles } from './discovery/system-files.ts';
import { systemResolver } from './discovery/system-resolver.ts';
import { DISCOVERY_METRICS, reportDiscovery } from './discovery/telemetry.ts';
import { openDiscoveryClient } from './http-client/discovery-client.ts';
import { probePage, probeRoute } from './probe/probe-route.ts';
import { Probes } from './probe/probes.ts';
import { systemLookup } from './probe/system-lookup.ts';
import { PROBE_TELEMETRY, reportProbes } from './probe/telemetry.ts';
import { Collector, type CollectorOptions, type CollectorSettings, type RuleSource } from './service.ts';
import type { Tracing } from './tracing/tracing.ts';

export interface AssemblyDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly hostName: string;
  /** undefined: none is wanted. */
  readonly tracing: Tracing | undefined;
  /** Where the line `listening on …` of the metrics APIs goes. */
  readonly print: (line: string) => void;
  /** Where the program listens, once it does. */
  readonly address: () => HostPort;
}

/** What lies below them is the collector's own server's to answer; beside them are routes. */
const MOUNTED = ['/api', '/federate'];

export class CollectorAssembly {
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #log: Log;
  /** That of the start. */
  readonly #started: CollectorConfig;
  #nextStart: readonly string[] = [];
  readonly #collector: Collector;
  readonly #cluster: Cluster | undefined;
  readonly #watches: SharedWatches;
  readonly #probes: Probes;
  readonly #telemetry = new Telemetry({ ...DISCOVERY_METRICS, ...PROBE_TELEMETRY });
  #release: (() => void) | undefined;

  /** @throws {VigieError} CONFIG_INVALID, of the remote engine; ADAPTER_RULE_INVALID; see loadKubeConfig */
  constructor(settings: CollectorSettings, options: CollectorOptions, deps: AssemblyDeps) {
    const { clock, random, log, env, hostName, tracing, print, address } = deps;
    const { config } = settings;
    const userAgent = `vigie/${options.version}`;
    this.#prefix = options.prefix;
    this.#clock = clock;
    this.#log = log;
    this.#started = config;
    const discovery = discoveryDeps(userAgent, deps);
    this.#watches = discovery.watches;
    this.#telemetry.collect((report) => {
      reportDiscovery(report, discovery.counters, discovery.watches);
      reportProbes(this.#probes, report);
    });
    this.#probes = new Probes(config.probes, {
      clock,
      lookup: systemLookup,
      env,
      userAgent,
      readFile: (path) => readFile(path),
      observe: (prober, seconds) => this.#telemetry.observe('probeSeconds', { prober }, seconds),
    });
    this.#collector = new Collector(settings, options, {
      clock,
      random,
      log,
      env,
      hostName,
      tracing,
      discover: (of) => createDiscovery(of, discovery),
      pageOf: (url) => probePage(this.#probes, url, address) ?? this.#cluster?.pageOf(url),
    });
    if (hasCluster(config)) {
      const collector = this.#collector;
      const { answerer, intervals, endpoints } = collector;
      this.#cluster = new Cluster(config, {
        kubeConfig: loadKubeConfig({}, { env }),
        watches: discovery.watches,
        answerer,
        intervals,
        endpoints,
        samples: collector,
        clock,
        random,
        log,
        env,
        userAgent,
        hostName,
        print,
        use: (asked) => collector.use(asked),
      });
    }
  }

  get mounts(): readonly Mount[] {
    const serve: Mount['serve'] = (incoming, outgoing) => this.#collector.serve(incoming, outgoing);
    return MOUNTED.map((path) => ({ prefix: this.#prefix + path, serve }));
  }

  get routes(): readonly Route[] {
    const cluster = this.#cluster;
    const ofCluster =
      cluster === undefined
        ? []
        : [explainRoute(cluster), hpaManifestRoute(cluster), listMetricsRoute(cluster), statusRoute(cluster)];
    return mountRoutes(this.#prefix, [probeRoute(this.#probes), ...ofCluster]);
  }

  /** Of a port for what applications push. */
  get otlpRoutes(): readonly Route[] {
    return this.#collector.otlpRoutes;
  }

  get ruleSource(): RuleSource {
    return this.#collector.ruleSource;
  }

  /** Brings back what was recorded before, answers, scrapes and evaluates rules. The port is to be open. Where there is a cluster, what is
   *  discovered in it comes with `startCluster`.
   *  @throws {VigieError} METRICS_DATA */
  async start(): Promise<void> {
    // Discovery and the rest want to know different things of the same objects: one list has them all.
    if (this.#cluster !== undefined) this.#release = this.#watches.hold();
    await this.#collector.start();
  }

  /** What it does for its cluster begins.
   *  @throws {VigieError} see MetricsApi.start; the signal's reason */
  async startCluster(signal: AbortSignal): Promise<void> {
    const following = this.#cluster?.start(signal);
    this.#release?.();
    await following;
  }

  /** Takes up a configuration that is being read; what was in force stays so where that cannot be.
   *  @throws what reading it does */
  async reload(reading: Promise<CollectorSettings>): Promise<void> {
    await countReload(this.#collector.reloads, this.#clock, async () => this.apply(await reading));
  }

  /** Sections of the configuration in force that are others than at the start, and take effect with the next start alone. */
  get nextStart(): readonly string[] {
    return this.#nextStart;
  }

  async apply(settings: CollectorSettings): Promise<void> {
    this.#probes.apply(settings.config.probes);
    await this.#collector.apply(settings);
    this.#cluster?.apply(settings.config);
    const sections = restartSections(this.#started, settings.config);
    this.#nextStart = sections;
    if (sections.length > 0) this.#log.warn('what these sections say now is in force after a restart', { sections });
  }

  /** When each of the targets that are found first has been scraped once. */
  firstScrapes(): Promise<void> {
    return this.#collector.firstScrapes();
  }

  ready(): readonly HealthCheck[] {
    return [...this.#collector.ready(), ...(this.#cluster?.ready() ?? [])];
  }

  async expose(): Promise<Exposition> {
    const parts = await Promise.all([this.#telemetry.expose(), this.#collector.expose(), this.#cluster?.expose()]);
    const [{ contentType }] = parts;
    return { contentType, body: parts.map((part) => part?.body ?? '').join('') };
  }

  /** Nothing is scraped or recorded from now on; queries are still answered. */
  stop(): void {
    this.#collector.stop();
  }

  /** The metrics APIs end; what has been asked has graceMs. */
  async closeCluster(options: { readonly graceMs: number }): Promise<void> {
    await this.#cluster?.close(options);
  }

  /** To be called when nobody asks any more; also after a start that failed, or none. */
  async close(): Promise<void> {
    await this.closeCluster({ graceMs: 0 });
    await this.#collector.close();
  }
}

function hasCluster({ metricsApi, kubeState, operatorObjects }: CollectorConfig): boolean {
  return [metricsApi, kubeState, operatorObjects].some((part) => part !== undefined);
}

/** For discoveries of all kinds. */
function discoveryDeps(userAgent: string, { clock, random, log, env }: AssemblyDeps): DiscoveryDeps {
  return {
    clock,
    log,
    counters: createDiscoveryCounters(),
    files: systemFiles,
    resolver: systemResolver(),
    openClient: openDiscoveryClient({ clock, env, userAgent }),
    watches: new SharedWatches({ clock, random, log, env, userAgent }),
  };
}
