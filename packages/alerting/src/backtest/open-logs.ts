import { HttpClient, type HttpClientDeps } from '@vigie/core/http-client/http-client';
import type { LogDatasource } from '../config/alerting-config.ts';
import { openLogSource } from '../logs/source/open-log-source.ts';
import type { BacktestLogs } from './log-samples.ts';

export interface OpenLogs extends BacktestLogs {
  readonly close: () => void;
}

/** The log store of an alerting.yaml. Nothing is asked yet.
 *  @throws {VigieError} CONFIG_INVALID, of its http_config */
export function openLogs(datasource: LogDatasource, deps: HttpClientDeps): OpenLogs {
  const client = new HttpClient(datasource.http, deps);
  return {
    source: openLogSource(datasource, { client, clock: deps.clock }),
    queryDelayMs: datasource.queryDelayMs,
    close: () => client.close(),
  };
}
