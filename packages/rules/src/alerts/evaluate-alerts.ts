/** What becomes of the alerts of a rule at an evaluation: what it finds, and what is asked besides where it does not find an alert. */
import type { InstantSample } from '@vigie/promql/evaluate/result';
import { LabelSet, METRIC_NAME } from '@vigie/promql/labels/label-set';
import { describeLabels } from '@vigie/promql/text/labels';
import { advanceKnownSeries, type KnownSeriesMap } from '../no-data/known-series.ts';
import type { FoundSample } from '../query.ts';
import type { AlertingRule, RuleQuery } from '../rule.ts';
import type { RuleError } from '../rule-error.ts';
import type { NoData, RulePolicy } from '../rule-policy.ts';
import { type Absence, type Alert, type Alerts, advanceAlerts, type FoundAlert } from './alert.ts';
import { advanceFlap, FLAPPING, type FlapLimit, type Flaps, flappingText, holdsFlapping } from './flapping.ts';
import { labelCover } from './label-cover.ts';
import { limitExceeded, withinLimit } from './within-limit.ts';

/** What is known of the alerts of a rule from one evaluation to the next. */
export interface AlertMemory {
  readonly alerts: Alerts;
  readonly flaps: Flaps;
  /** Of rules to which a series that is gone means something by itself. */
  readonly series: KnownSeriesMap;
}

export const NO_MEMORY: AlertMemory = { alerts: new Map(), flaps: new Map(), series: new Map() };

export interface EvaluatedAlerts {
  readonly memory: AlertMemory;
  /** Those pending or firing. */
  readonly active: readonly Alert[];
  /** Why the rule counts as failed, although its alerts are what they should be. */
  readonly problem: string | undefined;
  /** Why the rule has failed, and has none of its alerts any more. */
  readonly exceeded: RuleError | undefined;
}

export interface EvaluationContext {
  /** The alerts that samples are, by the key of their labels. @throws {RuleError} */
  readonly find: (samples: readonly FoundSample[]) => Promise<Map<string, FoundAlert>>;
  /** At the time that the expression was asked at. */
  readonly ask: (query: RuleQuery) => Promise<readonly InstantSample[]>;
  readonly policy: RulePolicy;
  /** Alerts that the rule may have; 0: any number. */
  readonly limit: number;
}

/** The annotation of an alert that fires because its data is gone. */
const NO_DATA_SINCE = 'vigie_no_data_since';

/** @param samples what the expression gives
 *  @throws {RuleError}; what a query throws; the signal's reason */
export async function evaluateAlerts(
  rule: AlertingRule,
  samples: readonly FoundSample[],
  before: AlertMemory,
  timestampMs: number,
  context: EvaluationContext,
  signal: AbortSignal,
): Promise<EvaluatedAlerts> {
  const { policy } = context;
  const noData = rule.options.noData ?? policy.noData;
  const flap = rule.options.flap ?? policy.flap;
  const limit = flap === 'off' ? undefined : flap;
  const all = await context.find(samples);
  const { found, beyond } = withinLimit(all, before.alerts, policy.onLimit === 'tell' ? context.limit : 0);
  const missing = [...before.alerts].flatMap(([key, alert]) =>
    alert.state !== 'inactive' && !found.has(key) ? [alert] : [],
  );
  const present = await askPresence(rule, missing, noData, context, signal);
  const series = watchesSeries(noData) ? seriesNow(before.series, present, timestampMs, policy) : NO_MEMORY.series;
  const gone = present === undefined ? [] : [...series.values()].filter((one) => one.missingSinceMs !== undefined);
  if (noData === 'alert' && present !== undefined) {
    // A rule that has never seen anything has nothing but itself to tell of.
    const lost = series.size > 0 ? gone : [{ labels: LabelSet.empty, missingSinceMs: timestampMs }];
    await addLost(found, lost, before.alerts, timestampMs, context);
  }
  const isThere = (alert: Alert): boolean => present === undefined || present.has(alert.source.key);
  const { clear } = rule.options;
  const isClearAsked = clear !== undefined && missing.some((one) => one.state === 'firing' && isThere(one));
  const isCleared = isClearAsked ? labelCover((await context.ask(clear)).map(({ labels }) => labels)) : () => true;
  const absenceOf = (alert: Alert): Absence => {
    if (limit !== undefined && holdsFlapping(before.flaps.get(alert.labels.key), timestampMs, limit))
      return { kind: 'held', by: 'flapping' };
    if (!isThere(alert)) {
      const isHeld = noData === 'keep' || noData === 'error';
      const sinceMs = alert.held?.by === 'no_data' ? alert.held.sinceMs : timestampMs;
      if (isHeld && timestampMs - sinceMs < policy.noDataForMs) return { kind: 'held', by: 'no_data' };
      return { kind: 'over', reason: 'no_data' };
    }
    return isCleared(alert.source) ? { kind: 'over', reason: 'recovered' } : { kind: 'held', by: 'clear_expr' };
  };
  const advanced = advanceAlerts(before.alerts, found, timestampMs, rule, absenceOf);
  const flaps = limit === undefined ? new Map() : advanceFlaps(before, advanced.alerts, timestampMs, limit);
  const alerts = flaps.size === 0 ? advanced.alerts : withFlapping(advanced.alerts, flaps);
  const active = flaps.size === 0 ? advanced.active : [...alerts.values()].filter(({ state }) => state !== 'inactive');
  const exceeded = limitExceeded(active.length, context.limit, policy);
  return {
    memory: { alerts: exceeded === undefined ? alerts : new Map(), flaps, series },
    active: exceeded === undefined ? active : [],
    exceeded,
    problem:
      beyondProblem(beyond, all.size, context.limit) ??
      (noData === 'error' && present !== undefined ? problemOf(gone, series) : undefined),
  };
}

function seriesNow(
  before: KnownSeriesMap,
  present: ReadonlyMap<string, LabelSet> | undefined,
  timestampMs: number,
  { noDataForMs }: RulePolicy,
): KnownSeriesMap {
  return present === undefined ? before : advanceKnownSeries(before, present, timestampMs, noDataForMs);
}

/** Whether a series that is gone is what the rule looks for, too. */
export function watchesSeries(noData: NoData): boolean {
  return noData === 'alert' || noData === 'error';
}

/** @returns the series that the expression has data for, by the key of their labels; undefined where it makes no difference, or nobody can say */
async function askPresence(
  { options: { presence, clear } }: AlertingRule,
  missing: readonly Alert[],
  noData: NoData,
  { ask, policy }: EvaluationContext,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, LabelSet> | undefined> {
  if (presence === undefined) return undefined;
  const isFiringMissing = missing.some(({ state }) => state === 'firing');
  switch (noData) {
    case 'alert':
    case 'error':
      break;
    case 'keep':
      if (missing.length === 0) return undefined;
      break;
    case 'resolve':
      if (!isFiringMissing || !(policy.tellsNoData || clear !== undefined)) return undefined;
  }
  try {
    return new Map(
      (await ask(presence)).map((sample) => {
        const labels = sample.labels.without(METRIC_NAME);
        return [labels.key, labels];
      }),
    );
  } catch (error) {
    signal.throwIfAborted();
    // What ends without its reason is better than what fires because the reason cannot be asked for.
    if (noData === 'resolve') return undefined;
    throw error;
  }
}

/** Adds an alert for each series that is gone: the one that there was, or one with no value. */
async function addLost(
  found: Map<string, FoundAlert>,
  lost: readonly { readonly labels: LabelSet; readonly missingSinceMs: number | undefined }[],
  before: Alerts,
  timestampMs: number,
  { find }: EvaluationContext,
): Promise<void> {
  if (lost.length === 0) return;
  const known = new Map<string, Alert>();
  for (const alert of before.values()) if (alert.state !== 'inactive') known.set(alert.source.key, alert);
  for (const { labels, missingSinceMs = timestampMs } of lost) {
    const since = new Date(missingSinceMs).toISOString().replace('.000Z', 'Z');
    const same = known.get(labels.key);
    const alerts =
      same === undefined
        ? await find([{ labels, value: Number.NaN, histogram: undefined }])
        : new Map([[same.labels.key, same]]);
    for (const [key, { labels: own, source, annotations, value }] of alerts) {
      if (found.has(key)) continue;
      found.set(key, { labels: own, source, annotations: annotations.with(NO_DATA_SINCE, since), value });
    }
  }
}

function advanceFlaps(before: AlertMemory, after: Alerts, timestampMs: number, limit: FlapLimit): Flaps {
  const flaps = new Map<string, NonNullable<ReturnType<typeof advanceFlap>>>();
  for (const key of new Set([...before.flaps.keys(), ...after.keys()])) {
    const flap = advanceFlap(before.flaps.get(key), before.alerts.get(key), after.get(key), timestampMs, limit);
    if (flap !== undefined) flaps.set(key, flap);
  }
  return flaps;
}

function withFlapping(alerts: Alerts, flaps: Flaps): Alerts {
  const told = new Map(alerts);
  for (const [key, { flapping }] of flaps) {
    const alert = alerts.get(key);
    if (flapping === undefined || alert?.state !== 'firing') continue;
    told.set(key, { ...alert, annotations: alert.annotations.with(FLAPPING, flappingText(flapping)) });
  }
  return told;
}

function beyondProblem(beyond: number, alerts: number, limit: number): string | undefined {
  if (beyond === 0) return undefined;
  return `exceeded limit of ${limit} with ${alerts} alerts: of ${beyond} nobody is told`;
}

/** Names of series that are shown. */
const SHOWN = 3;

function problemOf(gone: readonly { readonly labels: LabelSet }[], series: KnownSeriesMap): string | undefined {
  if (series.size === 0) return 'no data: the expression finds no series, whether or not its condition is true';
  if (gone.length === 0) return undefined;
  const names = gone.slice(0, SHOWN).map(({ labels }) => describeLabels(labels));
  return `no data: ${gone.length} of ${series.size} series are gone: ${names.join(', ')}${gone.length > SHOWN ? ', …' : ''}`;
}
