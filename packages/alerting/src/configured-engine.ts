/** What a configuration says of the engine of alerts: the same for a service, and for those that only rehearse what one would do. */
import type { AlertingConfig } from './config/alerting-config.ts';
import type { EngineSettings } from './engine-settings.ts';

/** All but who is really told. */
export type ConfiguredEngine = Omit<EngineSettings, 'integrationsOf'>;

/** @returns undefined where alerts are sent to Alertmanagers */
export function configuredEngine({
  alertmanager,
  engine,
  receivers,
  inhibitRules,
}: Pick<AlertingConfig, 'alertmanager' | 'engine' | 'receivers' | 'inhibitRules'>): ConfiguredEngine | undefined {
  if (alertmanager === undefined) return undefined;
  const { config } = alertmanager;
  return {
    config: { ...config, inhibitRules: [...config.inhibitRules, ...inhibitRules] },
    options: engine,
    receiverOptions: receivers,
  };
}
