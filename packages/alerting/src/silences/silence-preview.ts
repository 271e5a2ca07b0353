/** What a silence would silence, before it is there. */
import type { Alert } from '../dispatch/alert.ts';
import { type AlertMatcher, matchesAll } from '../matchers/alert-matcher.ts';

export interface SilencePreview {
  /** Of those that fire now, which are told. */
  readonly alerts: number;
  readonly silenced: readonly Alert[];
  /** Why it may be more than was meant; undefined where nothing says so. */
  readonly warning: string | undefined;
}

/** Of fewer alerts, half is not many. */
const MANY_ALERTS = 10;

/** @param alerts that have not ended
 *  Cost: O(alerts), a match of each. */
export function previewSilence(matchers: readonly AlertMatcher[], alerts: readonly Alert[]): SilencePreview {
  const silenced = alerts.filter(({ labels }) => matchesAll(matchers, labels));
  return { alerts: alerts.length, silenced, warning: warningOf(matchers, silenced.length, alerts.length) };
}

function warningOf(matchers: readonly AlertMatcher[], silenced: number, alerts: number): string | undefined {
  if (matchers.every((matcher) => matcher.isNegative))
    return 'no matcher says what is to be silenced: all but what they exclude is';
  if (matchers.every((matcher) => matcher.isNegative || (matcher.isRegex && matchesAnything(matcher))))
    return 'its regular expressions match any value: every alert that has the labels is silenced';
  if (silenced >= MANY_ALERTS && 2 * silenced >= alerts)
    return `it silences ${silenced} of the ${alerts} alerts that there are now`;
  return undefined;
}

/** By values that no expression is written for. */
function matchesAnything(matcher: AlertMatcher): boolean {
  return ['\u0001', 'a\u0001b', '0\u0001'].every((value) => matcher.matches(value));
}
