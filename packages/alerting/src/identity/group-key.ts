/** What groups of alerts are known by, to receivers too. Source: Alertmanager, dispatch/route.go and notify/util.go. */
import { quoteGo } from '@vigie/core/go-quote';
import { sha256 } from '@vigie/core/sha256';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { compareBytes } from '../matchers/byte-order.ts';
import { MatcherError } from '../matchers/matcher-error.ts';
import { parseUtf8Matchers } from '../matchers/utf8-matchers.ts';

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

/** The key of the route in a group's key.
 *  @returns '' where the key is of no group with these labels: that of a digest is of one of its groups */
export function routeKeyOf(key: string, groupLabels: LabelSet): string {
  const rest = groupKeyOf('', groupLabels);
  return key.endsWith(rest) ? key.slice(0, -rest.length) : '';
}

/** The labels in a group's key: of a group that is no more, nothing else has them.
 *  @returns none where they cannot be read: names stand without quotes there, whatever they are */
export function groupLabelsIn(key: string): LabelSet {
  for (let at = key.indexOf(':{'); at >= 0; at = key.indexOf(':{', at + 1)) {
    const written = key.slice(at + 1);
    const labels = labelsOf(written);
    if (labels !== undefined && formatGroupLabels(labels) === written) return labels;
  }
  return LabelSet.empty;
}

function labelsOf(written: string): LabelSet | undefined {
  try {
    return LabelSet.of(parseUtf8Matchers(written).map(({ name, value }) => [name, value] as const));
  } catch (error) {
    if (error instanceof MatcherError) return undefined;
    throw error;
  }
}

/** By which a receiver knows that it has been sent a notification before: `<dedup key>-<when it began>-<what it tells>`. Where alerts have changed
 *  meanwhile it is another: to take it for the same would lose them.
 *  @param beganAtMs when it was to be sent first, Unix ms
 *  @param alerts what tells each of them, and whether it has ended, from others; always in the same order */
export function idempotencyKeyOf(groupKey: string, beganAtMs: number, alerts: readonly string[]): string {
  return `${dedupKeyOf(groupKey)}-${beganAtMs}-${dedupKeyOf(alerts.join('\n')).slice(0, 16)}`;
}

/** What PagerDuty and Opsgenie know the incident of a group by: 64 hexadecimal digits. */
export function dedupKeyOf(groupKey: string): string {
  return sha256(Buffer.from(groupKey)).toString('hex');
}
