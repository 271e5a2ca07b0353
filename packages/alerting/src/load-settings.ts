/** From what is written to what runs: the rules of the files that a configuration names, and those who are told. */
import { hostname } from 'node:os';
import type { Clock } from '@vigie/core/clock';
import type { ListenAddress } from '@vigie/core/config/listen';
import { formatHostPort } from '@vigie/core/host-port';
import type { Random } from '@vigie/core/random';
import type { AlertingConfig } from './config/alerting-config.ts';
import { prepareIntegrations } from './receivers/prepare-integrations.ts';
import { loadAlertingRules } from './rules/alerting-rules.ts';
import type { AlertingSettings } from './service.ts';

export interface LoadSettingsDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of Vigie. */
  readonly version: string;
  /** Under which users reach the service, where the configuration does not say. */
  readonly url: string;
}

/** Where users reach what listens there: by the name of this machine where that is all of its addresses. */
export function urlOf({ address: { host, port }, tls }: Pick<ListenAddress, 'address' | 'tls'>): string {
  return `${tls === undefined ? 'http' : 'https'}://${formatHostPort({ host: isAll(host) ? hostname() : host, port })}`;
}

/** Whether it stands for all addresses of the machine. */
export function isAll(host: string): boolean {
  return ['', '0.0.0.0', '::'].includes(host);
}

/** @throws {ConfigError} with every problem of rule files, or of templates; {VigieError} CONFIG_UNREADABLE */
export async function loadSettings(
  written: AlertingConfig,
  { url, version, ...deps }: LoadSettingsDeps,
): Promise<AlertingSettings> {
  const config = { ...written, externalUrl: written.externalUrl || url };
  const groups = await loadAlertingRules(config);
  const prepared = await prepareIntegrations(
    config.alertmanager?.config,
    { ...deps, userAgent: `vigie/${version}`, externalUrl: config.externalUrl, hostname: hostname() },
    config.receivers,
  );
  return { config, groups, ...prepared };
}
