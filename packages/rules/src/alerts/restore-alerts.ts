/** How long alerts had been pending before a restart, from ALERTS_FOR_STATE. Source: Prometheus, rules/group.go, RestoreForState. */
import { METRIC_NAME } from '@vigie/promql/labels/label-set';
import { Matcher } from '@vigie/promql/labels/matcher';
import type { Querier } from '@vigie/promql/storage/querier';
import { SampleColumns } from '@vigie/promql/storage/sample-columns';
import type { AlertingRule } from '../rule.ts';
import type { Alert, Alerts } from './alert.ts';
import { ALERT_NAME, FOR_STATE } from './alert-series.ts';

export interface RestoreTiming {
  /** What was active longer ago begins anew. */
  readonly outageToleranceMs: number;
  /** An alert fires no sooner than this after a restart, so that what it depends on is there again; a shorter `for` is not restored. */
  readonly forGraceMs: number;
}

/** The last that a storage knows of a pending or firing alert. */
export interface LastSeen {
  readonly timestampMs: number;
  /** Its value: since when it was active, Unix seconds. */
  readonly activeAtSeconds: number;
}

/** @returns since when the alert counts as active; where it was due already, it fires at the next evaluation */
export function restoredActiveAtMs(
  { timestampMs, activeAtSeconds }: LastSeen,
  holdMs: number,
  nowMs: number,
  forGraceMs: number,
): number {
  const downAtMs = Math.floor(timestampMs / 1000) * 1000;
  const activeAtMs = Math.trunc(activeAtSeconds) * 1000;
  const remainingMs = holdMs - (downAtMs - activeAtMs);
  if (remainingMs <= 0) return activeAtMs;
  if (remainingMs < forGraceMs) return nowMs + forGraceMs - holdMs;
  return activeAtMs + (nowMs - downAtMs);
}

/** @returns the alerts, with the times that the storage has for them
 *  @throws {Error} where the storage cannot answer; the signal's reason */
export async function restoreAlerts(
  rule: AlertingRule,
  alerts: Alerts,
  querier: Querier,
  nowMs: number,
  { outageToleranceMs, forGraceMs }: RestoreTiming,
  signal: AbortSignal,
): Promise<Alerts> {
  if (rule.holdMs < forGraceMs) return alerts;
  const range = { fromMs: nowMs - outageToleranceMs, toMs: nowMs };
  const hints = { stepMs: 0, func: '', rangeMs: 0, grouping: [], by: false };
  const { series } = await querier.select({ matchers: matchersOf(rule), range, hints }, signal);
  const lastSeen = new Map<string, LastSeen>();
  const columns = new SampleColumns();
  for (const one of series) {
    columns.clear();
    one.read(range, columns);
    const last = columns.length - 1;
    // A stale one was not active when the server went down.
    if (last < 0 || columns.isStale(last)) continue;
    const { key } = one.labels.without(METRIC_NAME);
    lastSeen.set(key, { timestampMs: columns.timestampsMs[last]!, activeAtSeconds: columns.values[last]! });
  }
  return new Map(
    Array.from(alerts, ([key, alert]): [string, Alert] => {
      const last = lastSeen.get(key);
      if (last === undefined) return [key, alert];
      return [key, { ...alert, activeAtMs: restoredActiveAtMs(last, rule.holdMs, nowMs, forGraceMs) }];
    }),
  );
}

/** Labels by a template have another value for each alert. */
function matchersOf({ name, labels }: AlertingRule): readonly Matcher[] {
  const own = [...labels.entries()].filter(
    ([label, value]) => label !== ALERT_NAME && label !== METRIC_NAME && !value.includes('{{'),
  );
  return [...own, [ALERT_NAME, name] as const, [METRIC_NAME, FOR_STATE] as const].map(
    ([label, value]) => new Matcher(label, '=', value),
  );
}
