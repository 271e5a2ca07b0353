/** Who is sent to under a configuration, with its templates as the files have them now. */
import type { AlertmanagerConfig } from '../config/load-config.ts';
import type { ReceiverConfig } from '../config/receiver-section.ts';
import type { ReceiverOptions } from '../notify/receiver.ts';
import { loadReceiverTemplates } from '../templates/load-templates.ts';
import { createIntegrations } from './create-integrations.ts';
import type { Integration } from './integration.ts';
import type { ReceiverDeps } from './receiver-deps.ts';

/** @param config undefined where alerts are sent to Alertmanagers
 *  @param options by the names of receivers
 *  @throws {ConfigError} with a problem for each file that holds no templates
 *  @throws {VigieError} CONFIG_UNREADABLE */
export async function prepareIntegrations(
  config: Pick<AlertmanagerConfig, 'templates'> | undefined,
  deps: Omit<ReceiverDeps, 'templates'>,
  options: ReadonlyMap<string, Pick<ReceiverOptions, 'context'>> = new Map(),
): Promise<(receiver: ReceiverConfig) => readonly Integration[]> {
  const { clock } = deps;
  const templatesOf = await loadReceiverTemplates(config?.templates ?? [], () => clock.nowMs(), options);
  return (receiver) => createIntegrations(receiver, { ...deps, templates: templatesOf(receiver.name) });
}
