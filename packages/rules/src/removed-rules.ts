/** What becomes of the alerts of rules that are no more. Pure. */
import { type AlertNotification, notificationOf } from './alerts/due-alerts.ts';
import { type AlertMemory, NO_MEMORY } from './alerts/evaluate-alerts.ts';
import { changesOf, type RulePlace, type RuleRecord } from './state/rule-record.ts';

export interface RemovedRule {
  readonly place: RulePlace;
  readonly memory: AlertMemory;
  /** '' where nobody knows it any more. */
  readonly generatorUrl: string;
}

/** @param isElsewhere by the key of its labels: whether another rule has the same alert, which goes on
 *  @param next of a rule that has come into its place since
 *  @returns what is told of those that fire, as resolved at that time; and that nothing is left of them but what the next has */
export function endRemoved(
  { place, memory, generatorUrl }: RemovedRule,
  isElsewhere: (key: string) => boolean,
  next: AlertMemory | undefined,
  timestampMs: number,
): { readonly told: readonly AlertNotification[]; readonly records: readonly RuleRecord[] } {
  const told = [...memory.alerts].flatMap(([key, alert]) => {
    if (alert.state !== 'firing' || isElsewhere(key)) return [];
    const ended = { ...alert, resolvedAtMs: timestampMs, resolveReason: 'rule_removed' } as const;
    return [notificationOf(ended, generatorUrl)];
  });
  return { told, records: changesOf(place, memory, next ?? NO_MEMORY) };
}
