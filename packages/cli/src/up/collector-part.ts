/** The collector inside of `vigie up`: what the program tells of itself and what its section asks for, recorded and answered below /prometheus. */
import { redactedConfig } from '@vigie/collector/api/redacted-config';
import { CollectorAssembly } from '@vigie/collector/assembly';
import { readCollectorConfig } from '@vigie/collector/config/load-config';
import { unconfiguredCollector, withOwnMetrics } from '@vigie/collector/own-metrics';
import { loadRecordingRules } from '@vigie/collector/rules/recording-rules';
import type { CollectorSettings } from '@vigie/collector/service';
import type { Environment } from '@vigie/core/config/environment';
import { type ConfigWarning, formatWarning } from '@vigie/core/config/findings';
import type { ConfigText } from '@vigie/core/config/load';
import type { HostPort } from '@vigie/core/host-port';
import { formatHostPort } from '@vigie/core/host-port';
import type { HealthCheck } from '@vigie/core/http-server/health-routes';
import { HttpListener } from '@vigie/core/http-server/listener';
import type { Mount } from '@vigie/core/http-server/mount';
import type { Route } from '@vigie/core/http-server/routes';
import type { Exposition } from '@vigie/core/telemetry';
import type { PartDeps } from './parts.ts';

export interface CollectorPartSettings extends CollectorSettings {
  /** Whether nobody has said what to collect. */
  readonly isDefault: boolean;
  readonly warnings: readonly ConfigWarning[];
  /** Of the section, without secrets. */
  readonly yaml: string;
}

const PREFIX = '/prometheus';
const SECTION = 'collector';
/** A laptop or one node: some 100,000 series for the six hours of retention. At it, the oldest samples go first. */
const MAX_BYTES = 512 * 1024 ** 2;

/** @param text undefined: the program's own metrics alone
 *  @param folder of the database, where the section does not say
 *  @throws {ConfigError}; {VigieError} CONFIG_UNREADABLE */
export async function readCollectorPart(
  text: ConfigText | undefined,
  environment: Environment,
  folder: string,
): Promise<CollectorPartSettings> {
  if (text === undefined) {
    const config = unconfiguredCollector({ folder, maxBytes: MAX_BYTES });
    return { config, rules: { groups: [], left: 0 }, isDefault: true, warnings: [], yaml: '' };
  }
  const { config, warnings } = await readCollectorConfig(text, environment, { storagePath: folder });
  const rules = await loadRecordingRules(config.ruleFiles);
  return { config, rules, isDefault: false, warnings, yaml: redactedConfig(text.text, SECTION) };
}

export class CollectorPart {
  readonly #assembly: CollectorAssembly;
  readonly #deps: PartDeps;
  readonly #otlpListener: HttpListener | undefined;
  #settings: CollectorPartSettings;
  #address: HostPort | undefined;

  /** @param otlpAddresses where the agent listens for OTLP already
   *  @throws {VigieError} see CollectorAssembly */
  constructor(settings: CollectorPartSettings, otlpAddresses: readonly string[], deps: PartDeps) {
    this.#settings = settings;
    this.#deps = deps;
    const { version, address, log, clock, print } = deps;
    // Whoever has just started Vigie asks for a rate, which needs two samples.
    const isEager = settings.isDefault;
    const options = { version, prefix: PREFIX, isEager, configYaml: () => this.#settings.yaml, flags: {} };
    this.#assembly = new CollectorAssembly(settings, options, { ...deps, address });
    const { listen } = settings.config.otlp;
    if (listen !== undefined && !otlpAddresses.includes(formatHostPort(listen.address)))
      this.#otlpListener = new HttpListener({ name: 'otlp', ...listen }, this.otlpRoutes, { clock, log, print });
  }

  get mounts(): readonly Mount[] {
    return this.#assembly.mounts;
  }

  get routes(): readonly Route[] {
    return this.#assembly.routes;
  }

  get otlpRoutes(): readonly Route[] {
    return this.#assembly.otlpRoutes;
  }

  get ruleSource(): CollectorAssembly['ruleSource'] {
    return this.#assembly.ruleSource;
  }

  /** Brings back what was recorded before, and answers queries.
   *  @throws {VigieError} METRICS_DATA, LISTEN_FAILED */
  async start(signal: AbortSignal): Promise<void> {
    this.#warn();
    await this.#assembly.start();
    await this.#otlpListener?.start();
    await this.#assembly.startCluster(signal);
  }

  /** What /metrics tells there is recorded from now on. Where there is nothing else to record, it resolves with the first scrape. */
  async record(address: HostPort): Promise<void> {
    this.#address = address;
    await this.#assembly.apply(this.#inForce(this.#settings));
    if (this.#settings.isDefault) await this.#assembly.firstScrapes();
  }

  /** @throws what reading does; the settings of before stay */
  async reload(reading: Promise<CollectorPartSettings>): Promise<void> {
    await this.#assembly.reload(reading.then((settings) => this.#inForce(settings)));
    this.#settings = await reading;
    this.#warn();
  }

  /** As of CollectorAssembly. */
  get nextStart(): readonly string[] {
    return this.#assembly.nextStart;
  }

  ready(): readonly HealthCheck[] {
    return this.#assembly.ready();
  }

  expose(): Promise<Exposition> {
    return this.#assembly.expose();
  }

  /** Nothing is scraped any more. */
  stop(): void {
    this.#assembly.stop();
  }

  /** Nothing is pushed any more, and the metrics APIs end. */
  async closePorts(options: { readonly graceMs: number }): Promise<void> {
    await Promise.all([this.#otlpListener?.close(options), this.#assembly.closeCluster(options)]);
  }

  close(): Promise<void> {
    return this.#assembly.close();
  }

  #inForce(settings: CollectorPartSettings): CollectorSettings {
    const { config, rules } = settings;
    return { config: this.#address === undefined ? config : withOwnMetrics(config, this.#address), rules };
  }

  #warn(): void {
    for (const warning of this.#settings.warnings)
      this.#deps.log.warn('the configuration has what has no effect', { at: formatWarning(warning) });
  }
}
