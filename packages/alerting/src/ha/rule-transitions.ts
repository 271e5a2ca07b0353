/** Which changes of the alerts of rules are news to the other replicas: not that one was sent again, which each minute brings. */
import { isEnd, type RuleRecord, recordKey } from '@vigie/rules/state/rule-record';

export class RuleTransitions {
  /** What the others know, by what it is of. */
  readonly #known = new Map<string, string>();

  /** @returns whether the others are to hear of it */
  isNews(record: RuleRecord): boolean {
    if (this.#known.get(recordKey(record)) === essenceOf(record)) return false;
    this.note(record);
    return true;
  }

  /** The others know it. */
  note(record: RuleRecord): void {
    if (isEnd(record)) this.#known.delete(recordKey(record));
    else this.#known.set(recordKey(record), essenceOf(record));
  }
}

function essenceOf(record: RuleRecord): string {
  if (record.subject === 'series') return JSON.stringify(record.series ?? null);
  const { alert, flap } = record;
  if (alert === undefined) return JSON.stringify([flap ?? null]);
  const { state, activeAtMs, firedAtMs, resolvedAtMs, keepFiringSinceMs, held } = alert;
  return JSON.stringify([flap ?? null, state, activeAtMs, firedAtMs, resolvedAtMs, keepFiringSinceMs, held]);
}
