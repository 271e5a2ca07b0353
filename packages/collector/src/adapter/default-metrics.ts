/** Metrics without a rule: straight from the series, without a query in between. For objects, what their series say is added up over
 *  all other labels. */

import type { LabelSet } from '@vigie/promql/labels/label-set';
import { METRIC_NAME } from '@vigie/promql/labels/label-set';
import { Matcher } from '@vigie/promql/labels/matcher';
import type { Querier, StoredSeries } from '@vigie/promql/storage/querier';
import { SampleColumns } from '@vigie/promql/storage/sample-columns';
import { describeLabels } from '@vigie/promql/text/labels';
import type { LabelSelector } from '../metrics-api/label-selector.ts';
import type { StartTimes } from './described-objects.ts';
import { type DefaultForm, formsOf } from './metric-names.ts';
import { conditionsOf } from './metrics-query.ts';
import { withoutNested } from './nested-groups.ts';
import { type ReadSeries, type SharedEndpoints, withoutRepeats } from './repeated-series.ts';
import type { MappedResource } from './rest-mapper.ts';
import { type Gap, type Part, type Reading, readNewest, readRate } from './series-reading.ts';

export interface ScrapeIntervals {
  /** @param job as in the label */
  ofJob(job: string): number;
  readonly longestMs: number;
}

export interface DefaultMetricsDeps {
  readonly querier: Querier;
  readonly intervals: ScrapeIntervals;
  readonly endpoints: SharedEndpoints;
}

/** Whose values are wanted. */
export interface Subjects {
  readonly object: MappedResource;
  /** undefined for what is in no namespace. */
  readonly namespace: string | undefined;
  /** When each of them started: its counters were 0 then. undefined: of whatever has series. */
  readonly objects: StartTimes | undefined;
}

export interface SeriesTrace {
  readonly labels: LabelSet;
  readonly outcome: Reading | Gap;
}

export interface Evaluated {
  /** By object, or by what groups external values. */
  readonly values: ReadonlyMap<string, Reading>;
  /** Of those that have series, and no value. */
  readonly gaps: ReadonlyMap<string, Gap>;
  /** How the values were made, for people. */
  readonly query: string;
  readonly series: readonly SeriesTrace[];
}

/** Beyond so many names, looking up each costs more than looking at all series of the metric. */
const MAX_LOOKUPS = 2000;
/** Whatever means itself in a matcher of alternatives. */
const PLAIN_NAME = /^[a-z0-9-]+$/;
/** Rates and freshness: as many intervals as let two scrapes fail. */
const WINDOW_INTERVALS = 4;

export class DefaultMetrics {
  readonly #deps: DefaultMetricsDeps;
  readonly #columns = new SampleColumns();

  constructor(deps: DefaultMetricsDeps) {
    this.#deps = deps;
  }

  /** @returns undefined where no form of the metric has series for any of them
   *  @throws what the querier throws; {ApiRefusal} for a selector that cannot be asked */
  async ofObjects(
    metric: string,
    subjects: Subjects,
    selector: LabelSelector,
    nowMs: number,
    signal: AbortSignal,
  ): Promise<Evaluated | undefined> {
    const label = labelOfObject(subjects.object);
    const { namespace, objects } = subjects;
    const groupOf = (labels: LabelSet): string | undefined => {
      if (namespace !== undefined && labels.get('namespace') !== namespace) return undefined;
      const name = labels.get(label);
      return objects === undefined || objects.has(name) ? name : undefined;
    };
    const names = objects && [...objects.keys()];
    const matchers = [...subjectMatchers(label, { namespace, names }), ...selectorMatchers(selector)];
    const startedAtMs = (name: string): number => objects?.get(name) ?? Number.NaN;
    return this.#evaluate(metric, matchers, groupOf, startedAtMs, label, nowMs, signal);
  }

  /** A value for each label set, without the metric's name.
   *  @param namespace the series' own */
  async external(
    metric: string,
    namespace: string,
    selector: LabelSelector,
    nowMs: number,
    signal: AbortSignal,
  ): Promise<{ readonly evaluated: Evaluated; readonly labels: ReadonlyMap<string, LabelSet> } | undefined> {
    const labels = new Map<string, LabelSet>();
    const groupOf = (of: LabelSet): string => {
      const rest = of.without(METRIC_NAME);
      labels.set(rest.key, rest);
      return rest.key;
    };
    const matchers = [new Matcher('namespace', '=', namespace), ...selectorMatchers(selector)];
    const evaluated = await this.#evaluate(metric, matchers, groupOf, () => Number.NaN, '', nowMs, signal);
    return evaluated && { evaluated, labels };
  }

  async #evaluate(
    metric: string,
    matchers: readonly Matcher[],
    groupOf: GroupOf,
    startedAtMs: (group: string) => number,
    by: string,
    nowMs: number,
    signal: AbortSignal,
  ): Promise<Evaluated | undefined> {
    const { querier, endpoints } = this.#deps;
    for (const form of await formsOf(metric, querier, signal)) {
      const parts = partsOf(form);
      const groups = new Groups(parts.some(({ role }) => role === 'divisor'));
      let found = false;
      for (const { series: name, part, role } of parts) {
        const read: ReadSeries[] = [];
        for (const one of await this.#select(name, matchers, nowMs, signal)) {
          const { labels } = one;
          const group = groupOf(labels);
          if (group === undefined) continue;
          const outcome = this.#read(one, form, part, nowMs, startedAtMs(group));
          // An older thing of the same kind has not been seen for so long that it is as if it were not there.
          if (outcome.status !== 'silent') read.push({ group, labels, outcome });
        }
        found ||= read.length > 0;
        if (!found) break;
        // Of no object, each series is a value for itself.
        const isOfObjects = by !== '';
        const counted = withoutRepeats(withoutNested(read, isOfObjects), endpoints, isOfObjects);
        for (const { group, labels, outcome } of counted) groups.add(group, role, labels, outcome);
      }
      if (found) return groups.evaluated(describeForm(form, by));
    }
    return undefined;
  }

  async #select(
    name: string,
    matchers: readonly Matcher[],
    nowMs: number,
    signal: AbortSignal,
  ): Promise<readonly StoredSeries[]> {
    const { querier, intervals } = this.#deps;
    const { series } = await querier.select(
      {
        matchers: [new Matcher(METRIC_NAME, '=', name), ...matchers],
        range: { fromMs: nowMs - WINDOW_INTERVALS * intervals.longestMs, toMs: nowMs },
        hints: { stepMs: 0, func: '', rangeMs: 0, grouping: [], by: false },
      },
      signal,
    );
    return series;
  }

  #read(series: StoredSeries, form: DefaultForm, part: Part, nowMs: number, startedAtMs: number): Reading | Gap {
    const windowMs = WINDOW_INTERVALS * this.#deps.intervals.ofJob(series.labels.get('job'));
    const fromMs = nowMs - windowMs;
    const columns = this.#columns;
    columns.clear();
    series.read({ fromMs, toMs: nowMs }, columns);
    return form.kind === 'gauge' ? readNewest(columns) : readRate(columns, fromMs, startedAtMs, part);
  }
}

type GroupOf = (labels: LabelSet) => string | undefined;
type Role = 'value' | 'divisor';

function partsOf(form: DefaultForm): readonly { readonly series: string; readonly part: Part; readonly role: Role }[] {
  switch (form.kind) {
    case 'gauge':
    case 'rate':
      return [{ series: form.series, part: 'float', role: 'value' }];
    case 'mean':
      return [
        { series: form.sum, part: 'float', role: 'value' },
        { series: form.count, part: 'float', role: 'divisor' },
      ];
    case 'histogram_rate':
      return [{ series: form.series, part: 'count', role: 'value' }];
    case 'histogram_mean':
      return [
        { series: form.series, part: 'sum', role: 'value' },
        { series: form.series, part: 'count', role: 'divisor' },
      ];
  }
}

/** As the query that comes nearest. */
function describeForm(form: DefaultForm, by: string): string {
  const grouped = by === '' ? '' : `sum by (${by}) `;
  const window = `${WINDOW_INTERVALS} scrape intervals`;
  const rate = (series: string): string => `${grouped}(rate(${series}[${window}]))`;
  switch (form.kind) {
    case 'gauge':
      return `${grouped}(${form.series})`;
    case 'rate':
      return rate(form.series);
    case 'mean':
      return `${rate(form.sum)} / ${rate(form.count)}`;
    case 'histogram_rate':
      return `histogram_count(${rate(form.series)})`;
    case 'histogram_mean':
      return `histogram_avg(${rate(form.series)})`;
  }
}

interface Sum {
  /** undefined: of nothing so far, as the next one. */
  value: number | undefined;
  divisor: number | undefined;
  timestampMs: number;
  windowMs: number;
  readings: number;
  gap: Gap | undefined;
}

/** Adds up series by group. */
class Groups {
  readonly #isMean: boolean;
  readonly #sums = new Map<string, Sum>();
  readonly #series: SeriesTrace[] = [];

  constructor(isMean: boolean) {
    this.#isMean = isMean;
  }

  add(group: string, role: Role, labels: LabelSet, outcome: Reading | Gap): void {
    this.#series.push({ labels, outcome });
    let sum = this.#sums.get(group);
    if (sum === undefined) {
      sum = { value: undefined, divisor: undefined, timestampMs: Infinity, windowMs: 0, readings: 0, gap: undefined };
      this.#sums.set(group, sum);
    }
    if (outcome.status !== 'value') {
      // What is no number makes the sum none; what ended or has only begun is no part of it.
      if (sum.gap?.status !== 'not_a_number') sum.gap = outcome;
      return;
    }
    if (role === 'value') sum.value = (sum.value ?? 0) + outcome.value;
    else sum.divisor = (sum.divisor ?? 0) + outcome.value;
    sum.readings++;
    sum.timestampMs = Math.min(sum.timestampMs, outcome.timestampMs);
    sum.windowMs = Math.max(sum.windowMs, outcome.windowMs);
  }

  evaluated(query: string): Evaluated {
    const values = new Map<string, Reading>();
    const gaps = new Map<string, Gap>();
    for (const [group, sum] of this.#sums) {
      const outcome = outcomeOf(sum, this.#isMean);
      if (outcome.status === 'value') values.set(group, outcome);
      else gaps.set(group, outcome);
    }
    return { values, gaps, query, series: this.#series };
  }
}

function outcomeOf({ value, divisor, timestampMs, windowMs, readings, gap }: Sum, isMean: boolean): Reading | Gap {
  if (gap !== undefined && (readings === 0 || gap.status === 'not_a_number')) return gap;
  // A sum without a count is no mean, and a count without a sum no mean of 0.
  if (value === undefined || (isMean && divisor === undefined)) return gap ?? { status: 'silent' };
  if (divisor === 0) return { status: 'idle', atMs: timestampMs };
  const result = divisor === undefined ? value : value / divisor;
  if (!Number.isFinite(result)) return { status: 'not_a_number', atMs: timestampMs };
  return { status: 'value', value: result, timestampMs, windowMs };
}

/** The label that names such an object: `job` is Prometheus' own, and kube-state-metrics calls a Job's `job_name`. */
export function labelOfObject({ resource, group, singular }: MappedResource): string {
  return resource === 'jobs' && group === 'batch' ? 'job_name' : singular;
}

/** Conditions that pick the series of the objects, and perhaps some of objects of the same name elsewhere. */
export function subjectMatchers(
  label: string,
  { namespace, names }: { readonly namespace: string | undefined; readonly names: readonly string[] | undefined },
): readonly Matcher[] {
  const ofNamespace = namespace === undefined ? [] : [new Matcher('namespace', '=', namespace)];
  if (names === undefined || names.length > MAX_LOOKUPS || !names.every((name) => PLAIN_NAME.test(name))) {
    const [only] = names ?? [];
    const one =
      names?.length === 1 && only !== undefined ? new Matcher(label, '=', only) : new Matcher(label, '!=', '');
    return [...ofNamespace, one];
  }
  const [only] = names;
  if (names.length === 1 && only !== undefined) return [...ofNamespace, new Matcher(label, '=', only)];
  // Names pick so few series that the namespace is sooner looked at in those than looked up: pods of a name in other namespaces
  // are left out when they are grouped.
  return [new Matcher(label, '=~', names.join('|'))];
}

function selectorMatchers(selector: LabelSelector): readonly Matcher[] {
  return conditionsOf(selector).map(({ label, operator, value }) => new Matcher(label, operator, value));
}

/** `{pod="web-0"}`, for people. */
export function describeSeries(labels: LabelSet): string {
  return `${labels.get(METRIC_NAME)}${describeLabels(labels.without(METRIC_NAME))}`;
}
