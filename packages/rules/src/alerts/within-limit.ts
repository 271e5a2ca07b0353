/** A rule that finds more alerts than it may have: which of them it has. Pure. */
import { RuleError } from '../rule-error.ts';
import type { RulePolicy } from '../rule-policy.ts';
import type { Alerts, FoundAlert } from './alert.ts';

/** The annotation of alerts beside which there are others, of which nobody is told. */
const MORE = 'vigie_more';

/** Those that are pending or firing go on, and others join them while there is room: alerts that come and go beyond it make nobody's come and go.
 *  @param limit 0: any number
 *  @returns those that it has, and how many are left out */
export function withinLimit(
  all: Map<string, FoundAlert>,
  before: Alerts,
  limit: number,
): { readonly found: Map<string, FoundAlert>; readonly beyond: number } {
  if (limit <= 0 || all.size <= limit) return { found: all, beyond: 0 };
  const isKnown = (key: string): boolean => (before.get(key)?.state ?? 'inactive') !== 'inactive';
  const keys = [...all.keys()];
  // Also where a reload has made the limit smaller: what is left out would be taken for over.
  const chosen = new Set(keys.filter(isKnown));
  for (const key of keys) if (chosen.size < limit) chosen.add(key);
  const beyond = all.size - chosen.size;
  if (beyond === 0) return { found: all, beyond };
  const text = `${beyond} more of this rule, beyond its limit of ${limit}`;
  const found = new Map<string, FoundAlert>();
  for (const [key, alert] of all) {
    if (chosen.has(key)) found.set(key, { ...alert, annotations: alert.annotations.with(MORE, text) });
  }
  return { found, beyond };
}

/** @param alerts pending and firing ones that it has
 *  @returns why it loses all of them; undefined where it keeps them */
export function limitExceeded(
  alerts: number,
  limit: number,
  { onLimit }: Pick<RulePolicy, 'onLimit'>,
): RuleError | undefined {
  if (limit <= 0 || alerts <= limit || onLimit !== 'clear') return undefined;
  return new RuleError(`exceeded limit of ${limit} with ${alerts} alerts`);
}
