/** `vigie alerting`: the alerting service as a process. */
import { hostname } from 'node:os';
import { systemClock } from '@vigie/core/clock';
import { coalesce } from '@vigie/core/coalesce';
import { reportBadConfig } from '@vigie/core/config/bad-config';
import { type ConfigWarning, formatWarning } from '@vigie/core/config/findings';
import { formatHostPort, type HostPort } from '@vigie/core/host-port';
import { textReply } from '@vigie/core/http-server/exchange';
import { healthRoutes } from '@vigie/core/http-server/health-routes';
import { HttpListener } from '@vigie/core/http-server/listener';
import { mountRoutes, type Route } from '@vigie/core/http-server/routes';
import { type Component, type ExitCode, runComponent } from '@vigie/core/lifecycle';
import { createLog, type Log } from '@vigie/core/log';
import { collectProcessMetrics, PROCESS_METRICS } from '@vigie/core/process-metrics';
import { Telemetry } from '@vigie/core/telemetry';
import { loadAlertingConfig } from './config/alerting-config-file.ts';
import { replicaName } from './ha/replica-name.ts';
import { isAll, loadSettings, urlOf } from './load-settings.ts';
import { AlertingService, type AlertingSettings } from './service.ts';

export interface AlertingCommand {
  readonly configFile: string;
  /** In place of the configured address. */
  readonly listen: HostPort | undefined;
  readonly version: string;
}

interface Loaded extends AlertingSettings {
  readonly warnings: readonly ConfigWarning[];
}

/** Runs until SIGTERM. */
export async function runAlerting(command: AlertingCommand): Promise<ExitCode> {
  let loaded: Loaded;
  try {
    loaded = await load(command);
  } catch (error) {
    return reportBadConfig(error);
  }
  const { logLevel, shutdownGraceMs } = loaded.config;
  const log = createLog(logLevel);
  const component = new AlertingProcess(loaded, command, log);
  return runComponent(component, { graceMs: shutdownGraceMs, log, clock: systemClock, process });
}

/** @throws {ConfigError} with every problem; {VigieError} CONFIG_… */
async function load({ configFile, listen, version }: AlertingCommand): Promise<Loaded> {
  const { config, warnings } = await loadAlertingConfig(configFile, process.env, listen);
  const deps = {
    clock: systemClock,
    random: Math.random,
    env: process.env,
    version,
    url: `${urlOf(config.listen)}${config.routePrefix}`,
  };
  return { ...(await loadSettings(config, deps)), warnings };
}

/** What lies below is the service's; health, /metrics and reload are the listener's own. */
const MOUNTED = ['/api', '/deliveries', '/escalation', '/explain', '/heartbeats', '/history', '/silences', '/status'];

class AlertingProcess implements Component {
  readonly reload: () => Promise<void>;
  readonly #command: AlertingCommand;
  readonly #log: Log;
  readonly #service: AlertingService;
  readonly #listener: HttpListener;
  readonly #telemetry = new Telemetry(PROCESS_METRICS);
  readonly #loaded: Loaded;

  constructor(loaded: Loaded, command: AlertingCommand, log: Log) {
    this.#loaded = loaded;
    this.#command = command;
    this.#log = log;
    this.reload = coalesce(() => this.#reload());
    this.#telemetry.collect(collectProcessMetrics);
    const clock = systemClock;
    const { routePrefix } = loaded.config;
    this.#service = new AlertingService(
      loaded,
      { prefix: routePrefix, self: () => ({ name: this.#name, address: this.#address() }) },
      { clock, random: Math.random, log, env: process.env, version: command.version },
    );
    const own: readonly Route[] = [
      INDEX,
      // Chats and mail clients fetch them without credentials.
      { methods: ['GET'], path: '/charts/*', access: 'anyone', handler: ({ rest }) => this.#service.chart(rest) },
      ...healthRoutes(
        {
          live: () => [{ name: 'process' }],
          ready: () => this.#service.ready(),
          metrics: () => this.#expose(),
          reload: this.reload,
          nextStart: () => this.#service.nextStart,
        },
        log,
      ),
    ];
    // At the root as well: who looks after the process knows of no prefix.
    const routes = routePrefix === '' ? own : [...own, ...mountRoutes(routePrefix, own)];
    const serve: AlertingService['serve'] = (incoming, outgoing) => this.#service.serve(incoming, outgoing);
    this.#listener = new HttpListener(
      { name: 'http', ...loaded.config.listen },
      routes,
      { clock, log, print },
      MOUNTED.map((path) => ({ prefix: `${routePrefix}${path}`, serve })),
    );
  }

  get #name(): string {
    const { ha } = this.#loaded.config;
    return ha === undefined ? hostname() : replicaName(ha, process.env);
  }

  /** Where it listens at all addresses: of its pod. */
  #address(): string {
    const { host, port } = this.#listener.address;
    const { POD_IP } = process.env;
    return formatHostPort({ host: isAll(host) && POD_IP ? POD_IP : host, port });
  }

  async start(): Promise<void> {
    // The port first: what keeps it from listening is known before anything is written, and a second process on it ends here.
    await this.#listener.start();
    this.#warn(this.#loaded);
    await this.#service.start();
  }

  async close(options: { readonly graceMs: number }): Promise<void> {
    // Side by side: each may take the whole of the time that there is.
    await Promise.all([this.#listener.close(options), this.#service.close(options)]);
  }

  async #reload(): Promise<void> {
    const reading = load(this.#command);
    await this.#service.reload(reading);
    this.#warn(await reading);
  }

  #warn({ warnings }: Loaded): void {
    for (const warning of warnings)
      this.#log.warn('alertmanager_config says what may not be meant', { at: formatWarning(warning) });
  }

  async #expose() {
    const [{ contentType, body }, own] = await Promise.all([this.#telemetry.expose(), this.#service.expose()]);
    return { contentType, body: body + own.body };
  }
}

const print = (line: string): void => void process.stderr.write(`${line}\n`);

const INDEX: Route = {
  methods: ['GET'],
  path: '/',
  handler: () =>
    textReply('vigie alerting\n\n/api/v2/status\n/api/v2/alerts\n/history\n/deliveries\n/metrics\n/livez\n/readyz\n'),
};
