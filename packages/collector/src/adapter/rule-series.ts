/** Which series stand behind the metric of a rule, found when they are asked for: a metric that is new is there at once, and no list
 *  has to be made again and again. */
import type { Clock } from '@vigie/core/clock';
import { METRIC_NAME } from '@vigie/promql/labels/label-set';
import type { Querier } from '@vigie/promql/storage/querier';
import type { SeriesRule } from './adapter-rules.ts';
import type { MetricExplanation } from './explanation.ts';
import { lookbackWithin } from './rule-evaluation.ts';

export interface RuleMatch {
  readonly rule: SeriesRule;
  readonly series: string;
  /** How old the newest sample of a value may be: what the rule says, or what holds where none does. */
  readonly maxAgeMs: number;
  /** See RuleQuery. */
  readonly lookbackMs: number | undefined;
}

/** What a rule says of a metric. */
export interface RuleAnswer {
  readonly values: readonly unknown[];
  readonly explanation: MetricExplanation;
}

export interface RuleSeriesDeps {
  readonly querier: Querier;
  readonly clock: Clock;
  /** How old a sample of a series may be, where its rule does not say. */
  readonly maxAgeMs: number;
  /** Ends what is being asked: several requests may wait for it, and it does not end with one of them. */
  readonly signal: AbortSignal;
}

/** Names of series change seldom. What has ended has no values, whatever is remembered here. */
const KEPT_MS = 30_000;
/** For a name that is not there. */
const MISS_INTERVAL_MS = 1000;

export class RuleSeries {
  readonly #rules: readonly SeriesRule[];
  readonly #deps: RuleSeriesDeps;
  #found: Promise<ReadonlyMap<string, readonly RuleMatch[]>> | undefined;
  #foundAtMs = Number.NEGATIVE_INFINITY;

  constructor(rules: readonly SeriesRule[], deps: RuleSeriesDeps) {
    this.#rules = rules;
    this.#deps = deps;
  }

  /** The first rule that has a value answers. Where none has, one that was asked says more of what is missing than one that could not be.
   *  @throws what the querier and `ask` throw */
  async firstAnswer<Answer extends RuleAnswer>(
    metric: string,
    ask: (match: RuleMatch) => Promise<Answer | undefined>,
  ): Promise<Answer | undefined> {
    let answer: Answer | undefined;
    for (const match of await this.#find(metric)) {
      const found = await ask(match);
      if (found !== undefined && found.values.length > 0) return found;
      if (answer?.explanation.query === undefined) answer = found ?? answer;
    }
    return answer;
  }

  /** Of all rules.
   *  @throws what the querier throws */
  async all(): Promise<ReadonlyMap<string, readonly RuleMatch[]>> {
    return this.#names(KEPT_MS);
  }

  /** In the order of the rules, series by name within one. */
  async #find(metric: string): Promise<readonly RuleMatch[]> {
    const known = (await this.#names(KEPT_MS)).get(metric);
    if (known !== undefined) return known;
    return (await this.#names(MISS_INTERVAL_MS)).get(metric) ?? [];
  }

  #names(maxAgeMs: number): Promise<ReadonlyMap<string, readonly RuleMatch[]>> {
    const nowMs = this.#deps.clock.monotonicMs();
    if (this.#found !== undefined && nowMs - this.#foundAtMs < maxAgeMs) return this.#found;
    const found = this.#look();
    this.#found = found;
    this.#foundAtMs = nowMs;
    found.catch(() => {
      if (this.#found === found) this.#found = undefined;
    });
    return found;
  }

  async #look(): Promise<ReadonlyMap<string, readonly RuleMatch[]>> {
    const { querier, clock, signal } = this.#deps;
    const byMetric = new Map<string, RuleMatch[]>();
    const nowMs = clock.nowMs();
    // Rules that differ only in their filters share the answer.
    const byQuery = new Map<string, readonly string[]>();
    for (const rule of this.#rules) {
      const { maxAgeMs = this.#deps.maxAgeMs } = rule;
      const lookbackMs = rule.maxAgeMs ?? lookbackWithin(maxAgeMs);
      const fromMs = nowMs - maxAgeMs;
      const key = `${fromMs} ${rule.seriesQuery}`;
      let names = byQuery.get(key);
      if (names === undefined) {
        const query = { matcherSets: [rule.matchers], range: { fromMs, toMs: nowMs }, limit: undefined };
        names = (await querier.labelValues(METRIC_NAME, query, signal)).values;
        byQuery.set(key, names);
      }
      for (const series of names) {
        const metric = rule.metricOf(series);
        if (metric === undefined || metric === '') continue;
        const match = { rule, series, maxAgeMs, lookbackMs };
        const matches = byMetric.get(metric);
        if (matches === undefined) byMetric.set(metric, [match]);
        else matches.push(match);
      }
    }
    return byMetric;
  }
}
