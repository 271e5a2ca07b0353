/** Who is sent to under a configuration, with its templates as the files have them now. */
import type { AlertmanagerConfig } from '../config/load-config.ts';
import type { ReceiverConfig } from '../config/receiver-section.ts';
import type { ReceiverOptions } from '../notify/receiver.ts';
import { CONTEXT_TEMPLATES } from '../templates/context-template.ts';
import { loadTemplates } from '../templates/load-templates.ts';
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
  const load = (more: readonly string[]) => loadTemplates(config?.templates ?? [], () => deps.clock.nowMs(), more);
  const templates = await load([]);
  const isWanted = [...options.values()].some(({ context }) => context !== undefined);
  const withContext = isWanted ? await load(CONTEXT_TEMPLATES) : templates;
  return (receiver) => {
    const hasContext = options.get(receiver.name)?.context !== undefined;
    return createIntegrations(receiver, { ...deps, templates: hasContext ? withContext : templates });
  };
}
