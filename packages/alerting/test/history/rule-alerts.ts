/** Alerts of rules, as rules keep them. */
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { AlertState } from '@vigie/rules/alerts/alert';
import type { RuleRecord } from '@vigie/rules/state/rule-record';

/** @param state undefined: it is no more */
export function keptAlert(
  alertname: string,
  state: AlertState | undefined,
  activeAtMs = 1,
): RuleRecord & { readonly subject: 'alert' } {
  const labels = LabelSet.of({ alertname });
  const place = { group: 'f.yml;g', rule: alertname, ruleLabels: LabelSet.empty, nth: 0 };
  const alert = state && {
    ...{ state, labels, source: LabelSet.empty, annotations: LabelSet.empty, value: 0, activeAtMs },
    ...{ firedAtMs: undefined, resolvedAtMs: undefined, resolveReason: undefined, lastSentAtMs: undefined },
    ...{ validUntilMs: undefined, keepFiringSinceMs: undefined, held: undefined },
  };
  return { ...place, subject: 'alert', labels, alert, flap: undefined };
}
