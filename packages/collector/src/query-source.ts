/** Who answers queries: the engine of this process over its own database, or another server. */
import { HttpClient, type HttpClientDeps } from '@vigie/core/http-client/http-client';
import { requestHeaders } from '@vigie/core/http-client/request-headers';
import type { QuerySource } from '@vigie/promql/api/options';
import { Engine } from '@vigie/promql/evaluate/engine';
import { embeddedEngine } from '@vigie/promql/evaluate/query-engine';
import { RemotePrometheus } from '@vigie/promql/remote/remote-prometheus';
import type { Querier } from '@vigie/promql/storage/querier';
import { engineQuery, type QueryVector, vectorOf } from '@vigie/rules/query';
import type { Answerer } from './adapter/rule-evaluation.ts';
import type { RemoteEngineConfig } from './config/own-sections.ts';
import { tracedEngine } from './tracing/traced-engine.ts';
import type { Tracing } from './tracing/tracing.ts';

export interface QuerySide {
  /** For the HTTP API. */
  readonly source: QuerySource;
  /** For recording rules. */
  readonly vector: QueryVector;
  /** For the metrics APIs. */
  readonly answerer: Answerer;
  close(): void;
}

/** @param tracing of the queries of the HTTP API */
export function embeddedQueries(querier: Querier, tracing: Tracing | undefined): QuerySide {
  const engine = new Engine();
  return {
    source: { kind: 'embedded', engine: tracedEngine(embeddedEngine(engine, querier), tracing), querier },
    vector: engineQuery(engine, querier),
    answerer: { kind: 'embedded', engine, querier },
    close: () => undefined,
  };
}

/** @throws {VigieError} CONFIG_INVALID for OAuth2, which the query path does not speak */
export function remoteQueries({ url, timeoutMs, client: config }: RemoteEngineConfig, deps: HttpClientDeps): QuerySide {
  const headers = requestHeaders(config, deps.clock, 'engine.remote');
  const client = new HttpClient(config, deps);
  const { clock, userAgent } = deps;
  const remote = new RemotePrometheus({ url, timeoutMs, headers }, { connections: client, clock, userAgent });
  return {
    source: { kind: 'remote', remote },
    answerer: { kind: 'remote', engine: remote },
    vector: async (query, timestampMs, signal, extras) =>
      vectorOf((await remote.instant({ query, timestampMs, extras }, signal)).result),
    close: () => client.close(),
  };
}
