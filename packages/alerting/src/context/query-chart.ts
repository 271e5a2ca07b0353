/** A chart of what alerts fire on: their expression over the time before, the series that fire marked. */
import { untilAborted } from '@vigie/core/until-aborted';
import type { QueryEngine } from '@vigie/promql/evaluate/query-engine';
import type { RangeSeries } from '@vigie/promql/evaluate/result';
import { type LabelSet, METRIC_NAME } from '@vigie/promql/labels/label-set';
import type { Alert } from '../dispatch/alert.ts';
import { formatGroupLabels } from '../identity/group-key.ts';
import type { Chart } from './chart/chart.ts';
import type { ChartedQuery } from './charted-query.ts';

/** As wide as a chart can show; it is also what a line costs. */
const STEPS = 180;
/** Of those that do not fire: they say what is usual. */
const MOST_OTHERS = 8;
const MOST_FIRING = 12;

/** @param alerts that fire, of the same expression, one at least
 *  @returns undefined where it has no series
 *  @throws what the engine throws; the signal's reason */
export async function queryChart(
  { query, threshold }: ChartedQuery,
  alerts: readonly Alert[],
  { nowMs, rangeMs }: { readonly nowMs: number; readonly rangeMs: number },
  metrics: Pick<QueryEngine, 'range'>,
  signal: AbortSignal,
): Promise<Chart | undefined> {
  // Whole seconds: some engines know none between.
  const stepMs = Math.max(1000, Math.ceil(rangeMs / STEPS / 1000) * 1000);
  const startMs = nowMs - rangeMs;
  const asked = metrics.range({ query, startMs, endMs: nowMs, stepMs }, signal);
  const { result } = await untilAborted(asked, signal);
  if (result.length === 0) return undefined;
  const isFiring = (series: RangeSeries): boolean => alerts.some(({ labels }) => isOf(series.labels, labels));
  const firing = result.filter(isFiring);
  const others = result.filter((series) => !isFiring(series));
  const drawn = [...firing.slice(0, MOST_FIRING), ...others.slice(0, MOST_OTHERS)];
  return {
    title: query,
    startMs,
    endMs: nowMs,
    stepMs,
    threshold,
    firedAtMs: alerts.reduce((ms, { startsAtMs }) => Math.min(ms, startsAtMs), Number.POSITIVE_INFINITY),
    left: result.length - drawn.length,
    lines: drawn.map((series, index) => ({
      label: series.labels.size === 0 ? query : formatGroupLabels(series.labels),
      isFiring: index < firing.length && index < MOST_FIRING,
      timesMs: series.timestampsMs,
      values: series.values,
    })),
  };
}

/** A rule adds labels to those of the series that it fires on. */
function isOf(series: LabelSet, alert: LabelSet): boolean {
  for (const [name, value] of series.entries()) if (name !== METRIC_NAME && alert.get(name) !== value) return false;
  return true;
}
