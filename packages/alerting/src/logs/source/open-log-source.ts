import { assertNever } from '@vigie/core/errors';
import type { LogDatasource } from '../../config/alerting-config.ts';
import type { LogSource } from '../log-source.ts';
import type { AskDeps } from './ask.ts';
import { ElasticsearchSource } from './elasticsearch.ts';
import { LokiSource } from './loki.ts';

/** The log store of a configuration. It asks with the given client, and asks nothing yet. */
export function openLogSource(datasource: LogDatasource, deps: Omit<AskDeps, 'timeoutMs'>): LogSource {
  const { type, url, tenant, index, timeoutMs } = datasource;
  switch (type) {
    case 'loki':
      return new LokiSource({ url, tenant }, { ...deps, timeoutMs });
    case 'elasticsearch':
    case 'opensearch':
      return new ElasticsearchSource({ url, index }, { ...deps, timeoutMs });
    default:
      return assertNever(type);
  }
}
