/** A collector's HTTP interface: Prometheus' API, federation, and what others write. */

import type { Clock } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import type { Providers, QuerySource } from '@vigie/promql/api/options';
import { prometheusApi } from '@vigie/promql/api/prometheus-api';
import type { QueryCounts } from '@vigie/promql/api/query-counts';
import { federate } from '@vigie/tsdb/api/federate';
import { remoteWriteReceiver } from '@vigie/tsdb/api/remote-write';
import type { TsdbApiCounts } from '@vigie/tsdb/api/telemetry';
import type { Tsdb } from '@vigie/tsdb/tsdb';
import { type FastifyInstance, fastify } from 'fastify';
import type { MetricsReceiver } from './otlp/metrics-receiver.ts';
import { mountedRoute } from './otlp/mounted-route.ts';
import type { Tracing } from './tracing/tracing.ts';

export interface HttpAppOptions {
  /** Everything is below it; '' for the root. */
  readonly prefix: string;
  readonly source: QuerySource;
  readonly providers: Providers;
  readonly tsdb: Tsdb;
  readonly externalLabels: () => Readonly<Record<string, string>>;
  readonly queryCounts: QueryCounts;
  readonly apiCounts: TsdbApiCounts;
  readonly otlp: MetricsReceiver;
  /** undefined: none is wanted. */
  readonly tracing: Tracing | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** Without a port of its own: `app.routing(incoming, outgoing)` answers. */
export async function createHttpApp(options: HttpAppOptions): Promise<FastifyInstance> {
  const { prefix, source, providers, tsdb, externalLabels, queryCounts, apiCounts: counts, otlp, clock, log } = options;
  const { tracing } = options;
  const app = fastify({ logger: false });
  // Behind the body, whose events are of no request.
  if (tracing !== undefined)
    app.addHook('preHandler', ({ headers }, _reply, done) => tracing.continueFrom(headers, done));
  await app.register(prometheusApi, { prefix, source, clock, log, counts: queryCounts, providers });
  await app.register(remoteWriteReceiver, { prefix, tsdb, counts, log });
  await app.register(federate, { prefix, tsdb, clock, counts, log, externalLabels });
  await app.register(mountedRoute, { route: otlp.route(`${prefix}/api/v1/otlp/v1/metrics`) });
  for (const path of ['/-/healthy', '/-/ready']) app.get(prefix + path, async () => 'Vigie is ready.\n');
  app.setNotFoundHandler((_request, reply) => reply.code(404).type('text/plain').send('404 page not found\n'));
  await app.ready();
  return app;
}
