/** Alerting inside of `vigie up`, below /alertmanager: rules ask the collector of the same process, and what is kept is in the data folder. */
import { hostname } from 'node:os';
import type { AlertingConfig } from '@vigie/alerting/config/alerting-config';
import { readAlertingConfig } from '@vigie/alerting/config/alerting-config-file';
import { toldNobody } from '@vigie/alerting/config/told-nobody';
import { loadSettings } from '@vigie/alerting/load-settings';
import type { RuleSource } from '@vigie/alerting/rules/rule-source';
import { AlertingService, type AlertingSettings } from '@vigie/alerting/service';
import type { Environment } from '@vigie/core/config/environment';
import { type ConfigWarning, formatWarning } from '@vigie/core/config/findings';
import type { ConfigText } from '@vigie/core/config/load';
import { formatHostPort, type HostPort } from '@vigie/core/host-port';
import type { HealthCheck } from '@vigie/core/http-server/health-routes';
import type { Mount } from '@vigie/core/http-server/mount';
import type { Exposition } from '@vigie/core/telemetry';
import type { PartDeps, ReadPartsDeps } from './parts.ts';

export interface AlertingPartSettings {
  readonly config: AlertingConfig;
  readonly warnings: readonly ConfigWarning[];
  /** What it comes to where users reach the service there: its rules and templates, as their files are now. */
  readonly loadAt: (url: string) => Promise<AlertingSettings>;
}

const PREFIX = '/alertmanager';
const NOTHING_SAID = { text: '{}', file: 'vigie.yaml', root: [] } as const;

/** @param text undefined: alerts are kept and shown, and nobody is told: those that are posted, and those of Vigie's own rules
 *  @param dataDir absolute
 *  @throws {ConfigError} with every problem, those of rules and templates too; {VigieError} CONFIG_UNREADABLE */
export async function readAlertingPart(
  text: ConfigText | undefined,
  environment: Environment,
  dataDir: string,
  { ownRules, ...deps }: ReadPartsDeps,
): Promise<AlertingPartSettings> {
  const program = { dataDir, alertmanager: toldNobody() };
  const read = await readAlertingConfig(text ?? NOTHING_SAID, environment, { program });
  const { warnings } = read;
  const config = text === undefined ? { ...read.config, ruleFiles: [ownRules] } : read.config;
  const loadAt = (url: string): Promise<AlertingSettings> => loadSettings(config, { ...deps, url });
  // What is wrong with the files that it names is to be known now.
  await loadAt('');
  return { config, warnings, loadAt };
}

export class AlertingPart {
  readonly mount: Mount;
  readonly #source: RuleSource;
  readonly #deps: PartDeps;
  #settings: AlertingPartSettings;
  #service: AlertingService | undefined;
  #url = '';

  /** @param source the collector, which answers where the section names no other server */
  constructor(settings: AlertingPartSettings, source: RuleSource, deps: PartDeps) {
    this.#settings = settings;
    this.#source = source;
    this.#deps = deps;
    this.mount = {
      prefix: PREFIX,
      serve: (incoming, outgoing) => {
        if (this.#service !== undefined) this.#service.serve(incoming, outgoing);
        else outgoing.writeHead(503, { 'content-type': 'text/plain' }).end('Service Unavailable\n');
      },
    };
  }

  /** @throws {VigieError} ALERTING_STATE; what the file system throws */
  async start(address: HostPort): Promise<void> {
    this.#url = `http://${formatHostPort(address)}${PREFIX}`;
    this.#warn();
    const self = { name: hostname(), address: formatHostPort(address) };
    const settings = await this.#settings.loadAt(this.#url);
    const deps = settings.config.metrics === undefined ? { ...this.#deps, source: this.#source } : this.#deps;
    this.#service = new AlertingService(settings, { prefix: PREFIX, self: () => self }, deps);
    await this.#service.start();
  }

  /** @throws what reading does; the settings of before stay */
  async reload(reading: Promise<AlertingPartSettings>): Promise<void> {
    await this.#service?.reload(reading.then(({ loadAt }) => loadAt(this.#url)));
    this.#settings = await reading;
    this.#warn();
  }

  /** As of AlertingService. */
  get nextStart(): readonly string[] {
    return this.#service?.nextStart ?? [];
  }

  ready(): readonly HealthCheck[] {
    return this.#service?.ready() ?? [{ name: 'alerting', problem: 'it is starting' }];
  }

  /** undefined before the start. */
  async expose(): Promise<Exposition | undefined> {
    return this.#service?.expose();
  }

  /** What is being told has graceMs to end. */
  async close(options: { readonly graceMs: number }): Promise<void> {
    await this.#service?.close(options);
  }

  #warn(): void {
    for (const warning of this.#settings.warnings)
      this.#deps.log.warn('alertmanager_config says what may not be meant', { at: formatWarning(warning) });
  }
}
