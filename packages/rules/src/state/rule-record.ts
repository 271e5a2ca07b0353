/** What is kept of the alerts of rules over a restart, and shared between replicas. Each record says what is now, whatever was said before. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { Alert } from '../alerts/alert.ts';
import type { AlertMemory } from '../alerts/evaluate-alerts.ts';
import type { Flap } from '../alerts/flapping.ts';
import type { KnownSeries } from '../no-data/known-series.ts';

/** A rule over restarts and reloads: by its name and labels, as Prometheus has it. */
export interface RulePlace {
  /** `FILE;GROUP` */
  readonly group: string;
  readonly rule: string;
  readonly ruleLabels: LabelSet;
  /** Of the rules of the group with this name and these labels, from 0. */
  readonly nth: number;
}

export type RuleRecord =
  /** Both undefined: it is no more. `labels` are the alert's. */
  | (RulePlace & {
      readonly subject: 'alert';
      readonly labels: LabelSet;
      readonly alert: Alert | undefined;
      readonly flap: Flap | undefined;
    })
  /** undefined: it is forgotten. `labels` are the series'. */
  | (RulePlace & { readonly subject: 'series'; readonly labels: LabelSet; readonly series: KnownSeries | undefined });

export function placeKey({ group, rule, ruleLabels, nth }: RulePlace): string {
  return `${group}\xff\xff${rule}\xff\xff${ruleLabels.key}\xff\xff${nth}`;
}

/** Equal for records of which the later replaces the earlier. */
export function recordKey(record: RuleRecord): string {
  return `${placeKey(record)}\xff\xff${record.subject}\xff\xff${record.labels.key}`;
}

/** Whether it says that nothing is left. */
export function isEnd(record: RuleRecord): boolean {
  return record.subject === 'alert'
    ? record.alert === undefined && record.flap === undefined
    : record.series === undefined;
}

/** Of what has changed. Value and annotations alone are no change: what is kept of them is of the last change.
 *  Cost: O(alerts + series). */
export function changesOf(place: RulePlace, before: AlertMemory, after: AlertMemory): readonly RuleRecord[] {
  const records: RuleRecord[] = [];
  const { group, rule, ruleLabels, nth } = place;
  const of = { group, rule, ruleLabels, nth };
  const keys = new Set([
    ...before.alerts.keys(),
    ...after.alerts.keys(),
    ...before.flaps.keys(),
    ...after.flaps.keys(),
  ]);
  for (const key of keys) {
    const [alert, flap] = [after.alerts.get(key), after.flaps.get(key)];
    const known = before.alerts.get(key);
    if (flap === before.flaps.get(key) && isSameAlert(known, alert)) continue;
    const { labels } = alert ?? known ?? flap ?? before.flaps.get(key) ?? {};
    if (labels !== undefined) records.push({ ...of, subject: 'alert', labels, alert, flap });
  }
  if (before.series !== after.series) {
    for (const [key, series] of after.series)
      if (before.series.get(key) !== series) records.push({ ...of, subject: 'series', labels: series.labels, series });
    for (const [key, { labels }] of before.series)
      if (!after.series.has(key)) records.push({ ...of, subject: 'series', labels, series: undefined });
  }
  return records;
}

/** What was kept of each rule, by the key of its place. */
export function memoriesOf(
  records: Iterable<RuleRecord>,
): Map<string, { readonly place: RulePlace; readonly memory: AlertMemory }> {
  const all = new Map<string, { readonly place: RulePlace; readonly memory: WritableMemory }>();
  for (const record of records) {
    const key = placeKey(record);
    const { group, rule, ruleLabels, nth, labels } = record;
    const one = all.get(key) ?? { place: { group, rule, ruleLabels, nth }, memory: new WritableMemory() };
    all.set(key, one);
    const { alerts, flaps, series } = one.memory;
    if (record.subject === 'series') {
      if (record.series !== undefined) series.set(labels.key, record.series);
      continue;
    }
    if (record.alert !== undefined) alerts.set(labels.key, record.alert);
    if (record.flap !== undefined) flaps.set(labels.key, record.flap);
  }
  return all;
}

class WritableMemory implements AlertMemory {
  readonly alerts = new Map<string, Alert>();
  readonly flaps = new Map<string, Flap>();
  readonly series = new Map<string, KnownSeries>();
}

function isSameAlert(a: Alert | undefined, b: Alert | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  return (
    a.state === b.state &&
    a.activeAtMs === b.activeAtMs &&
    a.firedAtMs === b.firedAtMs &&
    a.resolvedAtMs === b.resolvedAtMs &&
    a.lastSentAtMs === b.lastSentAtMs &&
    a.keepFiringSinceMs === b.keepFiringSinceMs &&
    a.held?.by === b.held?.by &&
    a.held?.sinceMs === b.held?.sinceMs &&
    a.source.equals(b.source)
  );
}
