/** `vigie collector`: the collector as a process. */
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { systemClock } from '@vigie/core/clock';
import { coalesce } from '@vigie/core/coalesce';
import { reportBadConfig } from '@vigie/core/config/bad-config';
import { formatWarning } from '@vigie/core/config/findings';
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
import { redactedConfig } from './api/redacted-config.ts';
import { CollectorAssembly } from './assembly.ts';
import { type LoadedCollectorConfig, loadCollectorConfig } from './config/load-config.ts';
import { loadRecordingRules } from './rules/recording-rules.ts';
import type { CollectorSettings } from './service.ts';
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

class CollectorProcess implements Component {
  readonly reload: () => Promise<void>;
  readonly #command: CollectorCommand;
  readonly #log: Log;
  readonly #tracing: Tracing | undefined;
  readonly #assembly: CollectorAssembly;
  readonly #listener: HttpListener;
  readonly #telemetry = new Telemetry(PROCESS_METRICS);
  readonly #otlpListener: HttpListener | undefined;
  #loaded: Loaded;

  constructor(loaded: Loaded, command: CollectorCommand, log: Log, tracing: Tracing | undefined) {
    this.#loaded = loaded;
    this.#command = command;
    this.#log = log;
    this.#tracing = tracing;
    this.reload = coalesce(() => this.#reload());
    this.#telemetry.collect(collectProcessMetrics);
    const { config } = loaded;
    const clock = systemClock;
    const options = {
      version: command.version,
      prefix: '',
      isEager: false,
      configYaml: () => this.#loaded.yaml,
      flags: flagsOf(loaded, command),
    };
    this.#assembly = new CollectorAssembly(loaded, options, {
      clock,
      random: Math.random,
      log,
      env: process.env,
      hostName: hostname(),
      tracing,
      print,
      address: () => this.#listener.address,
    });
    const routes = [
      INDEX,
      ...this.#assembly.routes,
      ...healthRoutes(
        {
          live: () => [{ name: 'process' }],
          ready: () => this.#assembly.ready(),
          metrics: () => this.#expose(),
          reload: this.reload,
          nextStart: () => this.#assembly.nextStart,
        },
        log,
      ),
    ];
    const { mounts } = this.#assembly;
    this.#listener = new HttpListener({ name: 'http', ...config.listen }, routes, { clock, log, print }, mounts);
    if (config.otlp.listen !== undefined) {
      const address = { name: 'otlp', ...config.otlp.listen };
      this.#otlpListener = new HttpListener(address, this.#assembly.otlpRoutes, { clock, log, print });
    }
  }

  async start(signal: AbortSignal): Promise<void> {
    // The port first: what keeps it from listening is known before anything is written.
    await this.#listener.start();
    this.#warn(this.#loaded);
    await this.#assembly.start();
    await Promise.all([this.#assembly.startCluster(signal), this.#otlpListener?.start()]);
  }

  async close(options: { readonly graceMs: number }): Promise<void> {
    this.#assembly.stop();
    const listeners = [this.#listener, this.#otlpListener].map((listener) => listener?.close(options));
    await Promise.all([...listeners, this.#assembly.closeCluster(options)]);
    await this.#assembly.close();
    await this.#tracing?.close();
  }

  async #reload(): Promise<void> {
    const reading = load(this.#command);
    await this.#assembly.reload(reading);
    this.#loaded = await reading;
    this.#warn(this.#loaded);
  }

  #warn({ warnings }: Loaded): void {
    for (const warning of warnings)
      this.#log.warn('the configuration has what has no effect', { at: formatWarning(warning) });
  }

  async #expose() {
    const [{ contentType, body }, own] = await Promise.all([this.#telemetry.expose(), this.#assembly.expose()]);
    return { contentType, body: body + own.body };
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
