/** What of a configuration a reload does not take up: it is said, and not left out in silence. */
import type { CollectorConfig } from './collector-config.ts';
import { configText } from './config-text.ts';

const SECTIONS: Readonly<Record<string, (config: CollectorConfig) => unknown>> = {
  storage: ({ storage }) => storage,
  engine: ({ engine }) => engine,
  sharding: ({ sharding }) => sharding,
  'global.external_labels': ({ externalLabels }) => externalLabels,
  remote_write: ({ remoteWrite }) => remoteWrite,
  metrics_api: ({ metricsApi }) => metricsApi,
  kube_state: ({ kubeState }) => kubeState,
  'operator_objects.mode': ({ operatorObjects }) => operatorObjects === undefined,
  // But for how it is translated.
  otlp: ({ otlp: { translation: _, ...receiver } }) => receiver,
  listen: ({ listen }) => listen,
  log_level: ({ logLevel }) => logLevel,
  shutdown_grace: ({ shutdownGraceMs }) => shutdownGraceMs,
};

/** @param started that of the start
 *  @returns sections of `now` that are other and in force after a restart alone */
export function restartSections(started: CollectorConfig, now: CollectorConfig): readonly string[] {
  return Object.entries(SECTIONS)
    .filter(([, part]) => configText(part(started)) !== configText(part(now)))
    .map(([name]) => name);
}
