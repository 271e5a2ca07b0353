/** Who is sent to under a configuration, with its templates as the files have them now. */
import type { AlertmanagerConfig } from '../config/load-config.ts';
import type { ReceiverConfig } from '../config/receiver-section.ts';
import { loadTemplates } from '../templates/load-templates.ts';
import { createIntegrations } from './create-integrations.ts';
import type { Integration } from './integration.ts';
import type { ReceiverDeps } from './receiver-deps.ts';

/** @param config undefined where alerts are sent to Alertmanagers
 *  @throws {ConfigError} with a problem for each file that holds no templates
 *  @throws {VigieError} CONFIG_UNREADABLE */
export async function prepareIntegrations(
  config: Pick<AlertmanagerConfig, 'templates'> | undefined,
  deps: Omit<ReceiverDeps, 'templates'>,
): Promise<(receiver: ReceiverConfig) => readonly Integration[]> {
  const templates = await loadTemplates(config?.templates ?? [], () => deps.clock.nowMs());
  return (receiver) => createIntegrations(receiver, { ...deps, templates });
}
