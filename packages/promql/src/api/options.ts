/** What Prometheus' HTTP API is made of: who answers queries, and what other parts of the program tell about themselves. */
import type { Clock } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import type { QueryEngine } from '../evaluate/query-engine.ts';
import type { Matcher } from '../labels/matcher.ts';
import type { RemotePrometheus } from '../remote/remote-prometheus.ts';
import type { Querier } from '../storage/querier.ts';
import type { QueryCounts } from './query-counts.ts';

export interface PrometheusApiOptions {
  readonly source: QuerySource;
  readonly clock: Clock;
  /** For what only a defect explains. */
  readonly log: Log;
  /** Where queries are counted; made by the program, which shows them at /metrics. */
  readonly counts: QueryCounts;
  /** Each that is absent answers as a Prometheus that has none of it. */
  readonly providers?: Providers;
  readonly limits?: Partial<ApiLimits>;
  /** Origins of web pages that may read answers: RE2, of the whole origin. Prometheus' default is `.*`; without it no page
   *  of another origin may. */
  readonly corsOrigin?: string | undefined;
  /** Parts of the language that Prometheus has behind feature flags; default false. */
  readonly experimental?: boolean;
}

/** Who answers queries. */
export type QuerySource =
  /** This process. */
  | { readonly kind: 'embedded'; readonly engine: QueryEngine; readonly querier: Querier }
  /** Another server: requests for data go to it whole, and its answers come back as they are. */
  | { readonly kind: 'remote'; readonly remote: RemotePrometheus };

export interface ApiLimits {
  /** Queries that are evaluated at one time; others wait. Prometheus' --query.max-concurrency. */
  readonly maxConcurrent: number;
  /** For waiting and evaluation together; a request may ask for less. Prometheus' --query.timeout. */
  readonly timeoutMs: number;
}

/** Prometheus' defaults. */
export const DEFAULT_API_LIMITS: ApiLimits = { maxConcurrent: 20, timeoutMs: 120_000 };

/** The `data` of an answer, as JSON.stringify takes it. */
export type AnswerData = object | string;

/** Makes the `data` of an answer. A parameter that is wrong in a way that only the provider sees is an ApiError. */
export type Provider<Query> = (query: Query, signal: AbortSignal) => AnswerData | Promise<AnswerData>;

export interface Providers {
  readonly targets?: Provider<TargetsQuery>;
  readonly targetsMetadata?: Provider<TargetsMetadataQuery>;
  readonly scrapePools?: Provider<NoParameters>;
  readonly rules?: Provider<RulesQuery>;
  readonly alerts?: Provider<NoParameters>;
  readonly alertmanagers?: Provider<NoParameters>;
  readonly status?: StatusProviders;
}

export interface StatusProviders {
  readonly buildinfo?: Provider<NoParameters>;
  readonly config?: Provider<NoParameters>;
  readonly flags?: Provider<NoParameters>;
  readonly runtimeinfo?: Provider<NoParameters>;
  readonly tsdb?: Provider<{ readonly limit: number }>;
}

export type NoParameters = Readonly<Record<never, never>>;

export interface TargetsQuery {
  readonly active: boolean;
  readonly dropped: boolean;
  /** '' for all. */
  readonly scrapePool: string;
}

export interface TargetsMetadataQuery {
  /** Of the target's labels; none for all targets. */
  readonly matchers: readonly Matcher[];
  /** '' for all. */
  readonly metric: string;
  readonly limit: number | undefined;
}

export interface RulesQuery {
  /** undefined for both. */
  readonly type: 'alert' | 'record' | undefined;
  /** Each list is empty for all. */
  readonly ruleNames: readonly string[];
  readonly ruleGroups: readonly string[];
  readonly files: readonly string[];
  /** A rule counts whose own labels fulfil one of them; none for all. */
  readonly matcherSets: readonly (readonly Matcher[])[];
  readonly excludeAlerts: boolean;
  /** Groups in an answer at most; undefined for all. */
  readonly groupLimit: number | undefined;
  /** `groupNextToken` of the answer before; '' for the first. Only with a groupLimit. */
  readonly groupNextToken: string;
}
