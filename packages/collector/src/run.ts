/** `vigie collector`: the collector as a process. */
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { systemClock } from '@vigie/core/clock';
import { coalesce } from '@vigie/core/coalesce';
import { reportBadConfig } from '@vigie/core/config/bad-config';
import { formatDuration } from '@vigie/core/durations';
import { formatHostPort, type HostPort } from '@vigie/core/host-port';
import { textReply } from '@vigie/core/http-server/exchange';
import { healthRoutes } from '@vigie/core/http-server/health-routes';
import { HttpListener } from '@vigie/core/http-server/listener';
import type { Route } from '@vigie/core/http-server/routes';
import { type Component, type ExitCode, runComponent } from '@vigie/core/lifecycle';
import { createLog, type Log } from '@vigie/core/log';
import { collectProcessMetrics, PROCESS_METRICS } from '@vigie/core/process-metrics';
import { Telemetry } from '@vigie/core/telemetry';
import { loadKubeConfig } from '@vigie/kube/config';
import { redactedConfig } from './api/redacted-config.ts';
import { Cluster } from './cluster/cluster.ts';
import { explainRoute, hpaManifestRoute, listMetricsRoute } from './cluster/explain-route.ts';
import { SharedWatches } from './cluster/shared-watches.ts';
import { statusRoute } from './cluster/status-route.ts';
import { formatWarning } from './config/findings.ts';
import { type LoadedCollectorConfig, loadCollectorConfig } from './config/load-config.ts';
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
import { loadRecordingRules } from './rules/recording-rules.ts';
import { Collector, type CollectorSettings } from './service.ts';
import { openTracing } from './tracing/open-tracing.ts';
import type { Tracing } from './tracing/tracing.ts';

export interface CollectorCommand {
  readonly configFile: string;
  /** In place of the configured address. */
  readonly listen: HostPort | undefined;
  readonly version: string;
}

interface Loaded extends CollectorSettings {
  readonly warnings: LoadedCollectorConfig['warnings'];
  /** Without secrets. */
  readonly yaml: string;
}

/** Runs until SIGTERM. */
export async function runCollector(command: CollectorCommand): Promise<ExitCode> {
  let loaded: Loaded;
  try {
    loaded = await load(command);
  } catch (error) {
    return reportBadConfig(error);
  }
  const log = createLog(loaded.config.logLevel);
  const tracing = await openTracing(process.env, { version: command.version, serviceName: 'vigie-collector' }, log);
  const component = new CollectorProcess(loaded, command, log, tracing);
  return runComponent(component, {
    graceMs: loaded.config.shutdownGraceMs,
    log,
    clock: systemClock,
    process,
  });
}

/** @throws {ConfigError} with every problem, those of the rule files too
 *  @throws {VigieError} CONFIG_… */
async function load({ configFile, listen }: CollectorCommand): Promise<Loaded> {
  const { config, warnings } = await loadCollectorConfig(configFile, process.env, listen);
  const rules = await loadRecordingRules(config.ruleFiles);
  return { config, rules, warnings, yaml: redactedConfig(await readFile(configFile, 'utf8')) };
}

/** What lies below them is the collector's; health, /metrics and reload are the listener's own. */
const MOUNTED = ['/api', '/federate'];

class CollectorProcess implements Component {
  readonly reload: () => Promise<void>;
  readonly #command: CollectorCommand;
  readonly #log: Log;
  readonly #tracing: Tracing | undefined;
  readonly #collector: Collector;
  readonly #cluster: Cluster | undefined;
  readonly #watches: SharedWatches;
  readonly #listener: HttpListener;
  readonly #probes: Probes;
  readonly #telemetry = new Telemetry({ ...PROCESS_METRICS, ...DISCOVERY_METRICS, ...PROBE_TELEMETRY });
  readonly #otlpListener: HttpListener | undefined;
  #loaded: Loaded;

  constructor(loaded: Loaded, command: CollectorCommand, log: Log, tracing: Tracing | undefined) {
    this.#loaded = loaded;
    this.#command = command;
    this.#log = log;
    this.#tracing = tracing;
    this.reload = coalesce(() => this.#reload());
    const deps = discoveryDeps(command.version, log);
    this.#watches = deps.watches;
    this.#telemetry.collect((report) => {
      collectProcessMetrics(report);
      reportDiscovery(report, deps.counters, deps.watches);
      reportProbes(this.#probes, report);
    });
    const { config } = loaded;
    this.#probes = new Probes(config.probes, {
      clock: systemClock,
      lookup: systemLookup,
      env: process.env,
      userAgent: `vigie/${command.version}`,
      readFile: (path) => readFile(path),
      observe: (prober, seconds) => this.#telemetry.observe('probeSeconds', { prober }, seconds),
    });
    const options = {
      version: command.version,
      prefix: '',
      isEager: false,
      configYaml: () => this.#loaded.yaml,
      flags: flagsOf(loaded, command),
    };
    const { env } = process;
    const clock = systemClock;
    const random = Math.random;
    this.#collector = new Collector(loaded, options, {
      clock,
      random,
      log,
      env,
      hostName: hostname(),
      tracing,
      discover: (discovery) => createDiscovery(discovery, deps),
      pageOf: (url) => probePage(this.#probes, url, () => this.#listener.address) ?? this.#cluster?.pageOf(url),
    });
    if ([config.metricsApi, config.kubeState, config.operatorObjects].some((part) => part !== undefined)) {
      const collector = this.#collector;
      const { answerer, intervals } = collector;
      const userAgent = `vigie/${command.version}`;
      const kubeConfig = loadKubeConfig({}, { env });
      this.#cluster = new Cluster(config, {
        kubeConfig,
        watches: deps.watches,
        answerer,
        intervals,
        clock,
        random,
        log,
        env,
        userAgent,
        hostName: hostname(),
        print,
        use: (asked) => collector.use(asked),
      });
    }
    const routes = [
      INDEX,
      probeRoute(this.#probes),
      ...(this.#cluster === undefined ? [] : clusterRoutes(this.#cluster)),
      ...healthRoutes({
        live: () => [{ name: 'process' }],
        ready: () => [...this.#collector.ready(), ...(this.#cluster?.ready() ?? [])],
        metrics: () => this.#expose(),
        reload: this.reload,
      }),
    ];
    const serve: Collector['serve'] = (incoming, outgoing) => this.#collector.serve(incoming, outgoing);
    this.#listener = new HttpListener(
      { name: 'http', ...config.listen },
      routes,
      { clock, log, print },
      MOUNTED.map((prefix) => ({ prefix, serve })),
    );
    if (config.otlp.listen !== undefined) {
      const address = { name: 'otlp', ...config.otlp.listen };
      this.#otlpListener = new HttpListener(address, this.#collector.otlpRoutes, { clock, log, print });
    }
  }

  async start(signal: AbortSignal): Promise<void> {
    // The port first: what keeps it from listening is known before anything is written.
    await this.#listener.start();
    this.#warn(this.#loaded);
    // Discovery and the rest want to know different things of the same objects: one list has them all.
    const release = this.#watches.hold();
    let following: Promise<void> | undefined;
    try {
      await this.#collector.start();
      following = this.#cluster?.start(signal);
    } finally {
      release();
    }
    await Promise.all([following, this.#otlpListener?.start()]);
  }

  async close(options: { readonly graceMs: number }): Promise<void> {
    this.#collector.stop();
    const listeners = [this.#listener, this.#otlpListener].map((listener) => listener?.close(options));
    await Promise.all([...listeners, this.#cluster?.close(options)]);
    await this.#collector.close();
    await this.#tracing?.close();
  }

  async #reload(): Promise<void> {
    const { reloads } = this.#collector;
    try {
      const loaded = await load(this.#command);
      this.#warn(loaded);
      this.#probes.apply(loaded.config.probes);
      await this.#collector.apply(loaded);
      this.#cluster?.apply(loaded.config);
      this.#loaded = loaded;
    } catch (error) {
      reloads.failed++;
      reloads.isInForce = false;
      throw error;
    }
    reloads.succeeded++;
    reloads.isInForce = true;
    reloads.atMs = systemClock.nowMs();
  }

  #warn({ warnings }: Loaded): void {
    for (const warning of warnings)
      this.#log.warn('the configuration has what has no effect', { at: formatWarning(warning) });
  }

  async #expose() {
    const parts = await Promise.all([this.#telemetry.expose(), this.#collector.expose(), this.#cluster?.expose()]);
    const [{ contentType }] = parts;
    return { contentType, body: parts.map((part) => part?.body ?? '').join('') };
  }
}

const print = (line: string): void => void process.stderr.write(`${line}\n`);

const INDEX: Route = {
  methods: ['GET'],
  path: '/',
  handler: () =>
    textReply(
      'vigie collector\n\n/api/v1/query\n/api/v1/targets\n/federate\n/probe\n/status\n/metrics\n/livez\n/readyz\n',
    ),
};

function clusterRoutes(cluster: Cluster): readonly Route[] {
  return [explainRoute(cluster), hpaManifestRoute(cluster), listMetricsRoute(cluster), statusRoute(cluster)];
}

function flagsOf({ config }: Loaded, { configFile }: CollectorCommand): Readonly<Record<string, string>> {
  const { storage, listen, logLevel } = config;
  return {
    'config.file': configFile,
    'log.level': logLevel,
    'storage.tsdb.path': storage.path,
    'storage.tsdb.retention.time': storage.retentionMs === undefined ? '' : formatDuration(storage.retentionMs),
    'web.enable-remote-write-receiver': 'true',
    'web.enable-lifecycle': 'true',
    'web.listen-address': formatHostPort(listen.address),
  };
}

/** For discoveries of all kinds. */
function discoveryDeps(version: string, log: Log): DiscoveryDeps {
  const { env } = process;
  const clock = systemClock;
  const userAgent = `vigie/${version}`;
  return {
    clock,
    log,
    counters: createDiscoveryCounters(),
    files: systemFiles,
    resolver: systemResolver(),
    openClient: openDiscoveryClient({ clock, env, userAgent }),
    watches: new SharedWatches({ clock, random: Math.random, log, env, userAgent }),
  };
}
