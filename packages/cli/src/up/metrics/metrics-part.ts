/** The metrics of `vigie up`: a database in its data directory, and Prometheus' HTTP API over it, below /prometheus. */
import * as fs from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import type { Clock } from '@vigie/core/clock';
import { formatDuration } from '@vigie/core/durations';
import { VigieError } from '@vigie/core/errors';
import type { HealthCheck } from '@vigie/core/http-server/health-routes';
import type { Mount } from '@vigie/core/http-server/mount';
import { limitRepeats } from '@vigie/core/limit-repeats';
import type { Log } from '@vigie/core/log';
import { type Exposition, Telemetry } from '@vigie/core/telemetry';
import { prometheusApi } from '@vigie/promql/api/prometheus-api';
import { QUERY_METRICS, QueryCounts } from '@vigie/promql/api/query-counts';
import { Engine } from '@vigie/promql/evaluate/engine';
import { embeddedEngine } from '@vigie/promql/evaluate/query-engine';
import { federate } from '@vigie/tsdb/api/federate';
import { remoteWriteReceiver } from '@vigie/tsdb/api/remote-write';
import { TSDB_API_METRICS, TsdbApiCounts } from '@vigie/tsdb/api/telemetry';
import { collectTsdbMetrics, TSDB_METRICS } from '@vigie/tsdb/telemetry';
import { Tsdb } from '@vigie/tsdb/tsdb';
import fastify, { type FastifyInstance } from 'fastify';
import type { UpMetrics } from '../up.ts';
import { SelfScrape } from './self-scrape.ts';
import { statusProviders } from './status-providers.ts';

export interface MetricsPartOptions {
  readonly folder: string;
  /** Of Vigie. */
  readonly version: string;
}

export interface MetricsPartDeps {
  readonly clock: Clock;
  readonly log: Log;
}

const PREFIX = '/prometheus';
const METRICS = { ...TSDB_METRICS, ...TSDB_API_METRICS, ...QUERY_METRICS };
/** A laptop or one node: some 100,000 series for the six hours of retention. At it, the oldest samples go first. */
const MAX_BYTES = 512 * 1024 ** 2;

export class MetricsPart implements UpMetrics {
  readonly mount: Mount = { prefix: PREFIX, serve: (incoming, outgoing) => this.#serve(incoming, outgoing) };
  readonly #options: MetricsPartOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #tsdb: Tsdb;
  readonly #telemetry = new Telemetry(METRICS);
  #app: FastifyInstance | undefined;
  #scrape: SelfScrape | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: MetricsPartOptions, { clock, log }: MetricsPartDeps) {
    this.#options = options;
    this.#clock = clock;
    this.#log = limitRepeats(log, clock);
    const failed = (operation: string, error: unknown): void => {
      this.#log.error('the metrics cannot be written; they are in memory, and a snapshot is tried again', {
        operation,
        error,
      });
    };
    const tsdbOptions = { folder: options.folder, head: { maxBytes: MAX_BYTES } };
    this.#tsdb = new Tsdb(tsdbOptions, { fs, clock, reports: { failed } });
    this.#telemetry.collect((report) => collectTsdbMetrics(this.#tsdb, report));
  }

  /** Brings back what was recorded before, and answers queries.
   *  @throws {VigieError} METRICS_DATA */
  async start(): Promise<void> {
    this.#app = await this.#createApp(await this.#open());
  }

  /** Records what this process tells about itself, from now on.
   *  @param instance `HOST:PORT` where it is told */
  async record(instance: string, expose: () => Promise<Exposition>): Promise<void> {
    this.#scrape = new SelfScrape({ instance, expose }, { tsdb: this.#tsdb, clock: this.#clock, log: this.#log });
    await this.#scrape.start();
  }

  ready(): readonly HealthCheck[] {
    return [this.#app === undefined ? { name: 'metrics', problem: 'they are starting' } : { name: 'metrics' }];
  }

  expose(): Promise<Exposition> {
    return this.#telemetry.expose();
  }

  /** To be called when nobody asks any more. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#scrape?.close();
    await this.#app?.close();
    await this.#tsdb.close();
  }

  /** @returns in how many places files are damaged */
  async #open(): Promise<number> {
    const { folder } = this.#options;
    try {
      await fs.mkdir(dirname(folder), { recursive: true });
      // Labels may name what runs here: nobody else's.
      await fs.mkdir(folder, { recursive: true, mode: 0o700 });
      // Or else it would be known with the first write, when everything is under way.
      await fs.access(folder, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK);
      const { damages, lostSeries } = await this.#tsdb.start();
      const [first] = damages;
      if (first === undefined) return 0;
      this.#log.warn('some of the recorded metrics are lost: their files are damaged', {
        folder,
        file: first.file,
        places: damages.length,
        bytes: damages.reduce((sum, { bytes }) => sum + bytes, 0),
        lostSeries,
      });
      return damages.length;
    } catch (cause) {
      throw new VigieError('METRICS_DATA', `cannot keep metrics in ${folder}`, { cause });
    }
  }

  async #createApp(damages: number): Promise<FastifyInstance> {
    const clock = this.#clock;
    const log = this.#log;
    const tsdb = this.#tsdb;
    const { querier, head } = tsdb;
    const queryCounts = new QueryCounts((kind, seconds) => this.#telemetry.observe('querySeconds', { kind }, seconds));
    const counts = new TsdbApiCounts();
    this.#telemetry.collect((report) => {
      queryCounts.report(report);
      counts.collect(report);
    });
    const { version } = this.#options;
    const retention = formatDuration(head.options.retentionMs);
    const app = fastify({ logger: false });
    await app.register(prometheusApi, {
      prefix: PREFIX,
      source: { kind: 'embedded', engine: embeddedEngine(new Engine(), querier), querier },
      clock,
      log,
      counts: queryCounts,
      providers: { status: statusProviders({ version, retention, damages, head }, clock) },
    });
    await app.register(remoteWriteReceiver, { prefix: PREFIX, tsdb, counts, log });
    await app.register(federate, { prefix: PREFIX, tsdb, clock, counts, log, externalLabels: () => ({}) });
    for (const path of ['/-/healthy', '/-/ready']) app.get(PREFIX + path, async () => 'Vigie is ready.\n');
    app.setNotFoundHandler((_request, reply) => reply.code(404).type('text/plain').send('404 page not found\n'));
    await app.ready();
    return app;
  }

  #serve(incoming: IncomingMessage, outgoing: ServerResponse): void {
    if (this.#app !== undefined) this.#app.routing(incoming, outgoing);
    // As Prometheus says it while it reads its log.
    else outgoing.writeHead(503, { 'content-type': 'text/plain' }).end('Service Unavailable\n');
  }
}
