/** Which metrics there are, for people who list them: an HPA never asks. Bounded, and made beside the requests. */
import type { Clock } from '@vigie/core/clock';
import type { KubeClient } from '@vigie/kube/client';
import { METRIC_NAME } from '@vigie/promql/labels/label-set';
import { Matcher } from '@vigie/promql/labels/matcher';
import type { Querier } from '@vigie/promql/storage/querier';
import * as v from 'valibot';
import { EXTERNAL_METRICS } from '../metrics-api/api-groups.ts';
import type { Offered } from '../metrics-api/discovery-documents.ts';
import type { MetricOrigin, OfferedMetric } from '../metrics-api/metric-values.ts';
import { describeResource } from '../metrics-api/request-path.ts';
import { labelOfObject } from './default-metrics.ts';
import { metricsOf } from './metric-names.ts';
import { type MappedResource, WELL_KNOWN } from './rest-mapper.ts';
import type { RuleMatch, RuleSeries } from './rule-series.ts';

export interface OfferedMetricsDeps {
  readonly querier: Querier;
  readonly clock: Clock;
  /** undefined without a configuration, as the next one. */
  readonly customRules: RuleSeries | undefined;
  readonly externalRules: RuleSeries | undefined;
  readonly delegate: KubeClient | undefined;
  readonly maxAgeMs: number;
}

/** Of each API. At 100 bytes each, a document of a megabyte, which API servers ask for each minute. */
const MAX_OFFERED = 10_000;
/** Of a rule, to learn what labels its series have. */
const SERIES_PER_METRIC = 20;

const resourceListSchema = v.object({ resources: v.array(v.object({ name: v.string() })) });

/** @throws what the querier throws
 *  Cost: for each kind of object, one look at all series that have its label. */
export async function offeredMetrics(deps: OfferedMetricsDeps, signal: AbortSignal): Promise<Offered> {
  const custom =
    deps.customRules === undefined ? await byDefault(deps, signal) : await byRules(deps, deps.customRules, signal);
  const external: Origins =
    deps.externalRules === undefined
      ? await metricsOfSeries(deps, await seriesNames(deps, [new Matcher('namespace', '!=', '')], signal), signal)
      : new Map(Array.from(await deps.externalRules.all(), ([metric, matches]) => [metric, matches.map(originOf)]));
  for (const metric of await delegated(deps.delegate, signal)) addOrigin(external, metric, DELEGATED);
  return {
    custom: custom.slice(0, MAX_OFFERED),
    external: sorted(external)
      .map(([metric, origins]) => ({ metric, origins }))
      .slice(0, MAX_OFFERED),
  };
}

/** By metric. */
type Origins = Map<string, MetricOrigin[]>;

const DELEGATED: MetricOrigin = { rule: 'delegate', series: '' };

function addOrigin(origins: Origins, metric: string, origin: MetricOrigin): void {
  const known = origins.get(metric);
  if (known === undefined) origins.set(metric, [origin]);
  else known.push(origin);
}

function originOf({ rule, series }: RuleMatch): MetricOrigin {
  return { rule: rule.path, series };
}

function sorted<T>(values: ReadonlyMap<string, T>): readonly (readonly [string, T])[] {
  return [...values].sort(([a], [b]) => (a < b ? -1 : 1));
}

async function byDefault(deps: OfferedMetricsDeps, signal: AbortSignal): Promise<readonly OfferedMetric[]> {
  const offered: OfferedMetric[] = [];
  for (const object of WELL_KNOWN) {
    const series = await seriesNames(deps, [new Matcher(labelOfObject(object), '!=', '')], signal);
    const metrics = await metricsOfSeries(deps, series, signal);
    for (const [metric, origins] of sorted(metrics)) offered.push(offeredFor(object, metric, origins));
  }
  return offered;
}

async function metricsOfSeries(
  { querier }: OfferedMetricsDeps,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Origins> {
  const metrics: Origins = new Map();
  for (const series of names) {
    const origin = { rule: 'default', series };
    for (const metric of await metricsOf(series, querier, signal)) addOrigin(metrics, metric, origin);
  }
  return metrics;
}

async function seriesNames(
  { querier, clock, maxAgeMs }: OfferedMetricsDeps,
  matchers: readonly Matcher[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const nowMs = clock.nowMs();
  const range = { fromMs: nowMs - maxAgeMs, toMs: nowMs };
  return (await querier.labelValues(METRIC_NAME, { matcherSets: [matchers], range, limit: undefined }, signal)).values;
}

/** A metric is offered for each kind of object that a label of its series names. */
async function byRules(
  deps: OfferedMetricsDeps,
  rules: RuleSeries,
  signal: AbortSignal,
): Promise<readonly OfferedMetric[]> {
  const offered = new Map<string, OfferedMetric>();
  for (const [metric, matches] of await rules.all()) {
    for (const match of matches) {
      for (const object of await objectsOf(match, deps, signal)) {
        const key = `${describeResource(object)}/${metric}`;
        const origins = [...(offered.get(key)?.origins ?? []), originOf(match)];
        offered.set(key, offeredFor(object, metric, origins));
        if (offered.size >= MAX_OFFERED) return [...offered.values()];
      }
    }
  }
  return sorted(offered).map(([, one]) => one);
}

async function objectsOf(
  { rule, series, maxAgeMs }: RuleMatch,
  { querier, clock }: OfferedMetricsDeps,
  signal: AbortSignal,
): Promise<readonly MappedResource[]> {
  const nowMs = clock.nowMs();
  const matchers = [...rule.matchers, new Matcher(METRIC_NAME, '=', series)];
  const range = { fromMs: nowMs - maxAgeMs, toMs: nowMs };
  const found = await querier.series({ matcherSets: [matchers], range, limit: SERIES_PER_METRIC }, signal);
  const labels = new Set(found.series.flatMap((one) => one.labels.names));
  const objects: MappedResource[] = [];
  for (const label of labels) {
    if (label === METRIC_NAME) continue;
    const object = await rule.labels.resourceOf(label);
    if (object !== undefined) objects.push(object);
  }
  return objects;
}

/** Best effort: another adapter that is away takes only its own metrics from the list. */
async function delegated(delegate: KubeClient | undefined, signal: AbortSignal): Promise<readonly string[]> {
  const answer = await delegate?.request({ method: 'GET', path: `/apis/${EXTERNAL_METRICS}/v1beta1` }, signal);
  const list = v.safeParse(resourceListSchema, answer?.status === 'ok' ? answer.body : undefined);
  return list.success ? list.output.resources.map(({ name }) => name) : [];
}

function offeredFor(
  { resource, group, isNamespaced }: MappedResource,
  metric: string,
  origins: readonly MetricOrigin[],
): OfferedMetric {
  return { object: { resource, group }, isNamespaced, metric, origins };
}
