/** `GET /api/v2/alerts/counts`, Vigie's own: how many alerts there are, and of what, so that a page can show that before it asks for any. */
import { jsonText } from '@vigie/promql/api/json-text';
import { compareText } from '@vigie/promql/labels/label-set';
import { alertFilterOf, pendingAlerts } from './alert-filter.ts';
import { askedFor } from './alerts-route.ts';
import type { ApiWorld } from './api-world.ts';
import { badRequest } from './refusal.ts';

/** A page has that many menus. */
const MOST_LABELS = 10;
/** Of a label that are named, those of the most alerts. */
const MOST_VALUES = 100;

/** @returns JSON
 *  @throws {Refusal}
 *  Cost: as that of all alerts, without their texts. */
export function answerCounts(parameters: URLSearchParams, world: ApiWorld): string {
  const { receivers, root } = world.config();
  const filter = alertFilterOf(parameters, receivers);
  const names = new Set(parameters.getAll('by'));
  if (names.size > MOST_LABELS) throw badRequest(`by: at most ${MOST_LABELS} labels, got ${names.size}`);
  const counts = { alerts: 0, active: 0, suppressed: 0 };
  const byLabel = new Map(Array.from(names, (name) => [name, new Map<string, number>()] as const));
  const pending = pendingAlerts(world.alerts(), world.clock.nowMs());
  for (const { alert, status } of askedFor(pending, filter, root, world)) {
    counts.alerts++;
    counts[status.state === 'suppressed' ? 'suppressed' : 'active']++;
    for (const [name, values] of byLabel) {
      const value = alert.labels.get(name);
      values.set(value, (values.get(value) ?? 0) + 1);
    }
  }
  return jsonText({
    ...counts,
    by: Object.fromEntries(Array.from(byLabel, ([name, values]) => [name, listOf(values)])),
  });
}

/** An alert without the label has the value ''. */
function listOf(values: ReadonlyMap<string, number>): object {
  const sorted = [...values].sort(([a, some], [b, more]) => more - some || compareText(a, b));
  const others = sorted.slice(MOST_VALUES);
  return {
    values: sorted.slice(0, MOST_VALUES).map(([value, alerts]) => ({ value, alerts })),
    others: others.reduce((sum, [, alerts]) => sum + alerts, 0),
  };
}
