/** What happens to alerts of rules before they fire. Source: what rules keep of them, which says each change and nothing else. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { RuleRecord } from '@vigie/rules/state/rule-record';
import { fingerprintOf } from '../identity/fingerprint.ts';
import type { PendingEvent } from './history-event.ts';

/** @param before what was kept in the record's place
 *  @param toldAs labels of an alert as it will be told
 *  @returns undefined where it does not begin or end to be pending, or fires now */
export function pendingEvent(
  before: RuleRecord | undefined,
  record: RuleRecord,
  toldAs: (labels: LabelSet) => LabelSet,
  timeMs: number,
): PendingEvent | undefined {
  if (record.subject !== 'alert') return undefined;
  const was = before?.subject === 'alert' && before.alert?.state === 'pending';
  const is = record.alert?.state === 'pending';
  if (was === is || record.alert?.state === 'firing') return undefined;
  const labels = toldAs(record.labels);
  return { kind: is ? 'pending' : 'lapsed', timeMs, fingerprint: fingerprintOf(labels), labels };
}
