/** What is kept of the alerts of rules, as it is now. */
import { isEnd, type RuleRecord, recordKey } from '@vigie/rules/state/rule-record';

export class RuleRecords {
  /** By group, then by what they are of. */
  readonly #groups = new Map<string, Map<string, RuleRecord>>();

  /** What is kept now in a record's place. */
  inPlaceOf(record: RuleRecord): RuleRecord | undefined {
    return this.#groups.get(record.group)?.get(recordKey(record));
  }

  apply(record: RuleRecord): void {
    const key = recordKey(record);
    const group = this.#groups.get(record.group) ?? new Map<string, RuleRecord>();
    if (isEnd(record)) group.delete(key);
    else group.set(key, record);
    if (group.size === 0) this.#groups.delete(record.group);
    else this.#groups.set(record.group, group);
  }

  /** @param group `FILE;GROUP`; undefined: all */
  *records(group?: string): Generator<RuleRecord> {
    const groups = group === undefined ? this.#groups.values() : [this.#groups.get(group)];
    for (const one of groups) if (one !== undefined) yield* one.values();
  }

  get size(): number {
    let size = 0;
    for (const group of this.#groups.values()) size += group.size;
    return size;
  }
}
