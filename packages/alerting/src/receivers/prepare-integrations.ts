/** Who is sent to under a configuration, with its templates as the files have them now. */
import type { AlertmanagerConfig } from '../config/load-config.ts';
import type { ReceiverConfig } from '../config/receiver-section.ts';
import type { ReceiverOptions } from '../notify/receiver.ts';
import { loadReceiverTemplates } from '../templates/load-templates.ts';
import { type RouteLabelsOf, routeLabelsOf } from '../templates/route-labels.ts';
import { createIntegrations } from './create-integrations.ts';
import type { Integration } from './integration.ts';
import type { ReceiverDeps } from './receiver-deps.ts';

export interface PreparedIntegrations {
  readonly integrationsOf: (receiver: ReceiverConfig) => readonly Integration[];
  readonly routeLabelsOf: RouteLabelsOf;
}

/** @param config undefined where alerts are sent to Alertmanagers
 *  @param options by the names of receivers
 *  @throws {ConfigError} with a problem for each file that holds no templates
 *  @throws {VigieError} CONFIG_UNREADABLE */
export async function prepareIntegrations(
  config: Pick<AlertmanagerConfig, 'templates'> | undefined,
  deps: Omit<ReceiverDeps, 'templates'>,
  options: ReadonlyMap<string, Pick<ReceiverOptions, 'context'>> = new Map(),
): Promise<PreparedIntegrations> {
  const { clock, externalUrl } = deps;
  const templatesOf = await loadReceiverTemplates(config?.templates ?? [], () => clock.nowMs(), options);
  return {
    integrationsOf: (receiver) => createIntegrations(receiver, { ...deps, templates: templatesOf(receiver.name) }),
    routeLabelsOf: routeLabelsOf(templatesOf, externalUrl),
  };
}
