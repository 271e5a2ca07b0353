/** The collector as a part of a program: it scrapes, keeps, records and answers. The port before it is the program's. */
import * as fs from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '@vigie/core/clock';
import { coalesce } from '@vigie/core/coalesce';
import { bug } from '@vigie/core/errors';
import type { HttpClientDeps } from '@vigie/core/http-client/http-client';
import type { HealthCheck } from '@vigie/core/http-server/health-routes';
import type { Route } from '@vigie/core/http-server/routes';
import { limitRepeats } from '@vigie/core/limit-repeats';
import type { Log } from '@vigie/core/log';
import type { Random } from '@vigie/core/random';
import { countsAtStart, type ReloadCounts } from '@vigie/core/reload-counts';
import { type Exposition, Telemetry } from '@vigie/core/telemetry';
import { QueryCounts } from '@vigie/promql/api/query-counts';
import type { Querier } from '@vigie/promql/storage/querier';
import type { QueryVector } from '@vigie/rules/query';
import type { AppendSamples } from '@vigie/rules/sample';
import { reportRules } from '@vigie/rules/telemetry';
import { TsdbApiCounts } from '@vigie/tsdb/api/telemetry';
import { collectTsdbMetrics } from '@vigie/tsdb/telemetry';
import type { Tsdb } from '@vigie/tsdb/tsdb';
import type { FastifyInstance } from 'fastify';
import type { ScrapeIntervals } from './adapter/default-metrics.ts';
import type { SharedEndpoints } from './adapter/repeated-series.ts';
import type { Answerer } from './adapter/rule-evaluation.ts';
import { answerScrapePools, answerTargets, answerTargetsMetadata } from './api/answer-targets.ts';
import { statusProviders } from './api/status.ts';
import type { CollectorConfig } from './config/collector-config.ts';
import { createDatabase, openDatabase } from './database.ts';
import type { DiscoveryConfig } from './discovery/discovery-config.ts';
import type { Discovery } from './discovery/target-group.ts';
import { createHttpApp } from './http-app.ts';
import { memoryLimitBytes } from './memory-limit.ts';
import { type Asked, NOTHING_ASKED } from './operator/object-jobs.ts';
import { MetricsReceiver } from './otlp/metrics-receiver.ts';
import { embeddedQueries, type QuerySide, remoteQueries } from './query-source.ts';
import { RemoteWrites } from './remote-write/remote-writes.ts';
import { appendRuleSamples } from './rules/append-rule-samples.ts';
import { type LoadedRules, RecordingRules } from './rules/recording-rules.ts';
import { AppendRows } from './scrape/append-rows.ts';
import { EndpointTargets } from './scrape/endpoint-targets.ts';
import type { Page } from './scrape/fetch-exposition.ts';
import { JobIntervals } from './scrape/job-intervals.ts';
import { MetadataPool } from './scrape/metadata-pool.ts';
import { ScrapeJobs } from './scrape/scrape-jobs.ts';
import { offsetSeed } from './scrape/scrape-offset.ts';
import type { ScrapePool } from './scrape/scrape-pool.ts';
import { reportScrapes } from './scrape/telemetry.ts';
import { groupsOfShard, type ShardConfig, shardOf } from './sharding/shard.ts';
import { COLLECTOR_TABLES, reportConfig } from './telemetry.ts';
import type { Tracing } from './tracing/tracing.ts';

export interface CollectorOptions {
  /** Of Vigie. */
  readonly version: string;
  /** Of its HTTP interface: `/prometheus`, or '' for the root. */
  readonly prefix: string;
  /** Its targets are scraped at once and again soon after, in place of at their place in the interval. */
  readonly isEager: boolean;
  /** The configuration in force, without secrets; '' where it is of no file. */
  readonly configYaml: () => string;
  /** Of the command, under Prometheus' names. */
  readonly flags: Readonly<Record<string, string>>;
}

export interface CollectorDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** For proxies that a configuration takes from it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly hostName: string;
  readonly random: Random;
  readonly discover: (config: DiscoveryConfig, jobName: string) => Discovery;
  /** Of scrapes and queries; undefined: none is wanted. */
  readonly tracing?: Tracing | undefined;
  /** See ScrapePoolDeps. */
  readonly pageOf: (url: string) => Page | undefined;
}

/** What is in force. */
export interface CollectorSettings {
  readonly config: CollectorConfig;
  readonly rules: LoadedRules;
}

export interface RuleSource {
  readonly query: QueryVector;
  readonly append: AppendSamples;
  /** Has what was appended, also before a restart. */
  readonly restoreFrom: Querier;
}

export class Collector {
  readonly tsdb: Tsdb;
  readonly reloads: ReloadCounts;
  readonly #options: CollectorOptions;
  readonly #deps: CollectorDeps;
  readonly #log: Log;
  readonly #scrapeTelemetry = new Telemetry(COLLECTOR_TABLES.scrape);
  readonly #dataTelemetry = new Telemetry(COLLECTOR_TABLES.data);
  readonly #ruleTelemetry = new Telemetry(COLLECTOR_TABLES.rules);
  readonly #writeTelemetry = new Telemetry(COLLECTOR_TABLES.remoteWrite);
  readonly #otlpTelemetry = new Telemetry(COLLECTOR_TABLES.otlp);
  readonly #shutdown = new AbortController();
  readonly #queries: QuerySide;
  readonly #sharding: ShardConfig | undefined;
  readonly #remoteWrites: RemoteWrites;
  readonly #rules: RecordingRules;
  readonly #otlp: MetricsReceiver;
  readonly #jobs: ScrapeJobs;
  readonly #queryCounts: QueryCounts;
  readonly #apiCounts = new TsdbApiCounts();
  /** Of the jobs in force, whenever they are asked. */
  readonly intervals: ScrapeIntervals;
  readonly endpoints: SharedEndpoints;
  #settings: CollectorSettings;
  /** By objects of the cluster, beside the configuration. */
  #asked: Asked = NOTHING_ASKED;
  /** One after the other: each would stop the jobs that the other has just begun. */
  readonly #takeUp = coalesce(() => this.#takeUpNow());
  #damages = 0;
  #recordedMs = Number.NEGATIVE_INFINITY;
  #app: FastifyInstance | undefined;
  #closed: Promise<void> | undefined;

  /** @throws {VigieError} CONFIG_INVALID, of the remote engine */
  constructor(settings: CollectorSettings, options: CollectorOptions, deps: CollectorDeps) {
    const { clock, env, hostName } = deps;
    const { config } = settings;
    const { sharding } = config;
    this.#settings = settings;
    this.#sharding = sharding;
    this.#options = options;
    this.#deps = deps;
    this.#log = limitRepeats(deps.log, clock);
    this.reloads = countsAtStart(clock);
    this.tsdb = createDatabase(config, { clock, log: this.#log, memoryLimitBytes: memoryLimitBytes() });
    const http: HttpClientDeps = { clock, env, userAgent: `vigie/${options.version}` };
    this.#queries =
      config.engine === undefined
        ? embeddedQueries(this.tsdb.querier, deps.tracing)
        : remoteQueries(config.engine, http);
    this.#remoteWrites = new RemoteWrites(config.remoteWrite, config.externalLabels, {
      tsdb: this.tsdb,
      folder: `${config.storage.path}-remote-write`,
      fs,
      clock,
      random: deps.random,
      log: this.#log,
      observe: (labels, seconds) => this.#writeTelemetry.observe('sentBatchSeconds', labels, seconds),
      http,
    });
    this.#otlp = new MetricsReceiver(config.otlp, { tsdb: this.tsdb, clock, log: this.#log });
    const append = appendRuleSamples(this.tsdb);
    this.#rules = new RecordingRules({ query: this.#queries.vector, append, clock, log: this.#log });
    this.#jobs = new ScrapeJobs({
      samples: { store: this.tsdb, rows: new AppendRows(), metadata: new MetadataPool() },
      http,
      observer: {
        startDelay: (seconds) => this.#scrapeTelemetry.observe('startDelay', {}, seconds),
        duration: (seconds) => this.#scrapeTelemetry.observe('duration', {}, seconds),
      },
      tracing: deps.tracing,
      clock,
      log: this.#log,
      seed: offsetSeed(hostName, config.externalLabels),
      isEager: options.isEager,
      owns: sharding && ((hash) => shardOf(hash, sharding.shards) === sharding.shard),
      shutdown: this.#shutdown.signal,
      discover: deps.discover,
      pageOf: deps.pageOf,
    });
    this.intervals = new JobIntervals(() => this.#jobs.pools.values(), clock);
    this.endpoints = new EndpointTargets(() => this.#jobs.pools.values(), clock);
    this.#queryCounts = new QueryCounts((kind, seconds) =>
      this.#dataTelemetry.observe('querySeconds', { kind }, seconds),
    );
    this.#scrapeTelemetry.collect((report) => {
      reportScrapes(this.#jobs.pools, report);
      reportConfig(this.reloads, this.#rules.left, report);
    });
    this.#dataTelemetry.collect((report) => {
      collectTsdbMetrics(this.tsdb, report);
      this.#apiCounts.collect(report);
      this.#queryCounts.report(report);
    });
    this.#ruleTelemetry.collect((report) => reportRules(this.#rules.groups, report));
    this.#writeTelemetry.collect((report) => this.#remoteWrites.report(report));
    this.#otlpTelemetry.collect((report) => this.#otlp.counts.report(report, this.#otlp.deltas.size));
  }

  /** For the metrics APIs. */
  get answerer(): Answerer {
    return this.#queries.answerer;
  }

  /** For rules of others in this process: what they ask is answered as queries are, and what they write is kept here. */
  get ruleSource(): RuleSource {
    return {
      query: this.#queries.vector,
      append: appendRuleSamples(this.tsdb),
      restoreFrom: this.tsdb.querier,
    };
  }

  /** Of a port for what applications push. */
  get otlpRoutes(): readonly Route[] {
    return [this.#otlp.route('/v1/metrics')];
  }

  /** By job name. */
  get pools(): ReadonlyMap<string, ScrapePool> {
    return this.#jobs.pools;
  }

  /** Brings back what was recorded before, answers queries, scrapes and evaluates rules.
   *  @throws {VigieError} METRICS_DATA */
  async start(): Promise<void> {
    const { storage } = this.#settings.config;
    this.#damages = await openDatabase(this.tsdb, storage.path, this.#log);
    this.#recordedMs = this.tsdb.head.newestMs;
    // Before anything is appended: what it sends begins there.
    await this.#remoteWrites.start();
    this.#app = await this.#createApp();
    await this.#takeUp();
    this.#rules.start();
  }

  /** Takes up another configuration: jobs and groups of rules that are as they were go on undisturbed. Storage, engine, shard, external labels
   *  and receivers of remote write stay as they were at the start. */
  async apply(settings: CollectorSettings): Promise<void> {
    this.#settings = settings;
    await this.#takeUp();
  }

  /** Takes up what objects of the cluster ask for, in place of what they asked for before. */
  async use(asked: Asked): Promise<void> {
    this.#asked = asked;
    await this.#takeUp();
  }

  /** When the newest sample was that was brought back at the start, Unix ms; -Infinity without one. */
  get recordedMs(): number {
    return this.#recordedMs;
  }

  /** When each of the targets that are found first has been scraped once. */
  firstScrapes(): Promise<void> {
    return this.#jobs.firstScrapes();
  }

  ready(): readonly HealthCheck[] {
    return [this.#app === undefined ? { name: 'metrics', problem: 'they are starting' } : { name: 'metrics' }];
  }

  async expose(): Promise<Exposition> {
    const data = [this.#scrapeTelemetry, this.#dataTelemetry, this.#ruleTelemetry];
    const parts = [...data, this.#writeTelemetry, this.#otlpTelemetry];
    const [first, ...others] = await Promise.all(parts.map((part) => part.expose()));
    if (first === undefined) throw bug('nothing to expose');
    return { contentType: first.contentType, body: [first, ...others].map(({ body }) => body).join('') };
  }

  /** Answers everything below the prefix. */
  serve(incoming: IncomingMessage, outgoing: ServerResponse): void {
    if (this.#app !== undefined) this.#app.routing(incoming, outgoing);
    // As Prometheus says it while it reads its log.
    else outgoing.writeHead(503, { 'content-type': 'text/plain' }).end('Service Unavailable\n');
  }

  /** Nothing is scraped or recorded from now on; queries are still answered. */
  stop(): void {
    this.#shutdown.abort(new DOMException('the collector ends', 'AbortError'));
    void this.#rules.close();
  }

  /** To be called when nobody asks any more; also after a start that failed, or none. No series is ended: the collector that comes next
   *  goes on with them. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.stop();
    await Promise.all([this.#jobs.close(), this.#rules.close()]);
    await this.#app?.close();
    await this.#remoteWrites.close({ graceMs: this.#settings.config.shutdownGraceMs });
    this.#queries.close();
    await this.tsdb.close();
  }

  async #takeUpNow(): Promise<void> {
    if (this.#shutdown.signal.aborted) return;
    const { config, rules } = this.#settings;
    this.#otlp.apply(config.otlp);
    // A job of the configuration stands before one of an object.
    const names = new Set(config.scrapes.map(({ jobName }) => jobName));
    const scrapes = [...config.scrapes, ...this.#asked.scrapes.filter(({ jobName }) => !names.has(jobName))];
    const groups = [...rules.groups, ...this.#asked.rules.groups];
    const all = {
      groups: this.#sharding === undefined ? groups : groupsOfShard(groups, this.#sharding),
      left: rules.left + this.#asked.rules.left,
    };
    await Promise.all([this.#jobs.apply(scrapes), this.#rules.apply(all, config)]);
  }

  #createApp(): Promise<FastifyInstance> {
    const { clock, hostName, tracing } = this.#deps;
    const { version, prefix, configYaml, flags } = this.#options;
    const facts = {
      version,
      hostName,
      head: this.tsdb.head,
      damages: () => this.#damages,
      configYaml,
      flags: () => flags,
      lastReload: () => ({ succeeded: this.reloads.isInForce, atMs: this.reloads.atMs }),
    };
    return createHttpApp({
      prefix,
      source: this.#queries.source,
      providers: {
        targets: (query) => answerTargets(this.pools, query, hostName),
        targetsMetadata: (query) => answerTargetsMetadata(this.pools, query),
        scrapePools: () => answerScrapePools(this.pools),
        ...this.#rules.providers,
        status: statusProviders(facts, clock),
      },
      tsdb: this.tsdb,
      externalLabels: () => this.#settings.config.externalLabels.toJSON(),
      queryCounts: this.#queryCounts,
      apiCounts: this.#apiCounts,
      otlp: this.#otlp,
      tracing,
      clock,
      log: this.#log,
    });
  }
}
