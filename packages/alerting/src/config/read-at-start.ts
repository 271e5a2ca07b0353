/** What of alerting.yaml is read at the start alone: a reload that changes it has no effect, and has to say so. */
import type { AlertingConfig } from './alerting-config.ts';

const READ_AT_START: Readonly<Record<string, (config: AlertingConfig) => unknown>> = {
  listen: ({ listen }) => listen,
  route_prefix: ({ routePrefix }) => routePrefix,
  cors_origin: ({ corsOrigin }) => corsOrigin,
  log_level: ({ logLevel }) => logLevel,
  shutdown_grace: ({ shutdownGraceMs }) => shutdownGraceMs,
  data_dir: ({ dataDir }) => dataDir,
  'datasources.metrics': ({ metrics }) => metrics,
  'datasources.logs': ({ logs }) => logs,
  remote_write: ({ remoteWrite }) => remoteWrite,
  alertmanagers: ({ alertmanagers }) => alertmanagers,
  operator_objects: ({ operatorObjects }) => operatorObjects,
  'notifications.retention': ({ engine }) => engine.retentionMs,
  'notifications.startup_hold': ({ engine }) => engine.startupHoldMs,
  'rules.for_outage_tolerance': ({ rules }) => rules.restore.outageToleranceMs,
  'rules.for_grace_period': ({ rules }) => rules.restore.forGraceMs,
};

/** @returns keys of what the next configuration has otherwise than the one that was there at the start */
export function changesForNextStart(atStart: AlertingConfig, next: AlertingConfig): readonly string[] {
  return Object.entries(READ_AT_START).flatMap(([key, read]) =>
    JSON.stringify(read(atStart)) === JSON.stringify(read(next)) ? [] : [key],
  );
}
