/** What groups of alerts are known by, to receivers too. Source: Alertmanager, dispatch/route.go and notify/util.go. */
import { quoteGo } from '@vigie/core/go-quote';
import { sha256 } from '@vigie/core/sha256';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import { compareBytes } from '../matchers/byte-order.ts';

/** `{a="b", c="d"}`; names stand without quotes, whatever they are. */
export function formatGroupLabels(labels: LabelSet): string {
  const entries = [...labels.entries()].sort(([a], [b]) => compareBytes(a, b));
  return `{${entries.map(([name, value]) => `${name}=${quoteGo(value)}`).join(', ')}}`;
}

/** `{}/{team="shop"}:{alertname="Down"}`: routes with the same matchers under the same parents share it.
 *  @param routeKey Route.key */
export function groupKeyOf(routeKey: string, groupLabels: LabelSet): string {
  return `${routeKey}:${formatGroupLabels(groupLabels)}`;
}

/** What PagerDuty and Opsgenie know the incident of a group by: 64 hexadecimal digits. */
export function dedupKeyOf(groupKey: string): string {
  return sha256(Buffer.from(groupKey)).toString('hex');
}
