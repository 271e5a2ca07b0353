/** The database and Prometheus' API over it, as the collector has them, and nothing else: for tests and benchmarks. */
import * as fs from 'node:fs/promises';
import { type Clock, systemClock } from '@vigie/core/clock';
import { createLog } from '@vigie/core/log';
import { prometheusApi } from '@vigie/promql/api/prometheus-api';
import { QueryCounts } from '@vigie/promql/api/query-counts';
import { Engine } from '@vigie/promql/evaluate/engine';
import { embeddedEngine } from '@vigie/promql/evaluate/query-engine';
import { remoteWriteReceiver } from '@vigie/tsdb/api/remote-write';
import { TsdbApiCounts } from '@vigie/tsdb/api/telemetry';
import { Tsdb, type TsdbOptions } from '@vigie/tsdb/tsdb';
import { type FastifyInstance, fastify } from 'fastify';

export interface VigieServer {
  /** Base URL without a slash at its end: `/api/v1/write` takes samples, `/api/v1/query` answers. */
  readonly url: string;
  close(): Promise<void>;
}

/** @param folder of the database, which is made
 *  @param extend adds to what there is, before the port opens */
export async function serveVigie(
  folder: string,
  head: TsdbOptions['head'] = {},
  extend: (app: FastifyInstance, tsdb: Tsdb) => Promise<void> = async () => undefined,
): Promise<VigieServer> {
  const clock: Clock = systemClock;
  const log = createLog('warn');
  const failed = (operation: string, error: unknown): void => log.error('the disk failed', { operation, error });
  const tsdb = new Tsdb({ folder, head }, { fs, clock, reports: { failed } });
  await tsdb.start();
  const app = fastify();
  await app.register(remoteWriteReceiver, { tsdb, counts: new TsdbApiCounts(), log });
  const source = {
    kind: 'embedded',
    engine: embeddedEngine(new Engine(), tsdb.querier),
    querier: tsdb.querier,
  } as const;
  await app.register(prometheusApi, { source, clock, log, counts: new QueryCounts(() => undefined) });
  await extend(app, tsdb);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    close: async () => {
      await app.close();
      await tsdb.close();
    },
  };
}
