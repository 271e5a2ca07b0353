/** What a digest lists of a storm: some of its alerts, and one entry that stands for the others: `+412 more by cluster, namespace: …`. Pure. */
import { compareText, LabelSet } from '@vigie/promql/labels/label-set';
import { type Alert, isResolved } from '../dispatch/alert.ts';
import { fingerprintOf } from '../identity/fingerprint.ts';
import { commonLabels } from './common-labels.ts';

/** What others are told apart by first, where it differs among them: where in the clusters they are. */
const PREFERRED: readonly string[] = ['cluster', 'namespace'];
const MOST_LABELS = 2;
/** Of their values that are named. */
const MOST_NAMED = 5;

/** @param alerts in the order in which they are listed
 *  @param most that are listed one by one: those that fire, then those that are over
 *  @returns undefined: all of them */
export function listedAlerts(alerts: readonly Alert[], timeMs: number, most: number): readonly Alert[] | undefined {
  if (alerts.length <= most) return undefined;
  const firing = alerts.filter((alert) => !isResolved(alert, timeMs));
  const resolved = alerts.filter((alert) => isResolved(alert, timeMs));
  const left = Math.max(0, most - firing.length);
  return [
    ...firing.slice(0, most),
    ...standIn(firing.slice(most)),
    ...resolved.slice(0, left),
    ...standIn(resolved.slice(left)),
  ];
}

/** One that shows in every list of alerts, whoever wrote its template. */
function standIn(others: readonly Alert[]): readonly Alert[] {
  const [first] = others;
  if (first === undefined) return [];
  const common = commonLabels(others.map(({ labels }) => labels));
  const labels = common.has('alertname') ? common : common.with('alertname', `+${others.length} more`);
  return [
    {
      fingerprint: fingerprintOf(labels),
      labels,
      annotations: LabelSet.of({ summary: summaryOf(others) }),
      // A storm has more of them than a call may have arguments.
      startsAtMs: others.reduce((ms, { startsAtMs }) => Math.min(ms, startsAtMs), first.startsAtMs),
      endsAtMs:
        first.endsAtMs === undefined ? undefined : others.reduce((ms, { endsAtMs = 0 }) => Math.max(ms, endsAtMs), 0),
      updatedAtMs: others.reduce((ms, { updatedAtMs }) => Math.max(ms, updatedAtMs), 0),
      generatorUrl: '',
    },
  ];
}

/** `+412 more by cluster, namespace: 300 prod/shop, 100 prod/pay, 12 of 4 others` */
export function summaryOf(alerts: readonly Alert[]): string {
  const names = tellingLabels(alerts);
  if (names.length === 0) return `+${alerts.length} more`;
  const counts = new Map<string, number>();
  for (const { labels } of alerts) {
    const place = names.map((name) => labels.get(name) || '-').join('/');
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([a, most], [b, next]) => next - most || compareText(a, b));
  const named = sorted.slice(0, MOST_NAMED);
  const others = sorted.slice(MOST_NAMED);
  const rest = others.reduce((sum, [, count]) => sum + count, 0);
  const parts = named.map(([place, count]) => `${count} ${place}`);
  if (rest > 0) parts.push(`${rest} of ${others.length} other${others.length === 1 ? '' : 's'}`);
  return `+${alerts.length} more by ${names.join(', ')}: ${parts.join(', ')}`;
}

/** Labels that say where the others are: with more than one value, and by far fewer values than alerts; those with the fewest first. */
function tellingLabels(alerts: readonly Alert[]): readonly string[] {
  const values = new Map<string, Set<string>>();
  for (const { labels } of alerts) for (const name of labels.names) values.set(name, new Set());
  for (const { labels } of alerts) for (const [name, seen] of values) seen.add(labels.get(name));
  const telling = [...values].filter(([, seen]) => seen.size > 1 && 2 * seen.size <= alerts.length);
  const rank = (name: string): number => (PREFERRED.includes(name) ? PREFERRED.indexOf(name) : PREFERRED.length);
  telling.sort(([a, some], [b, more]) => rank(a) - rank(b) || some.size - more.size || compareText(a, b));
  return telling.slice(0, MOST_LABELS).map(([name]) => name);
}
