/** What the alerting service is put together from: who sends to receivers, and who answers clients. */
import { VigieError } from '@vigie/core/errors';
import type { AlertingConfig } from './config/alerting-config.ts';
import type { AlertingOptions, AlertingSettings } from './service.ts';

export interface AlertingParts {
  /** For a configuration that is about to be taken up.
   *  @throws {VigieError} CONFIG_…, where a receiver cannot be sent to as it says */
  readonly prepareIntegrations: (config: AlertingConfig) => Promise<AlertingSettings['integrationsOf']>;
  readonly api: AlertingOptions['api'];
}

export const ALERTING_PARTS: AlertingParts = {
  prepareIntegrations: async ({ alertmanager }) => {
    const told = alertmanager?.config.receivers.find(({ integrations }) => integrations.length > 0);
    if (told !== undefined) {
      throw new VigieError(
        'CONFIG_INVALID',
        `${alertmanager?.file}: receiver "${told.name}": sending notifications is not supported yet`,
      );
    }
    return () => [];
  },
  api: () => [],
};
