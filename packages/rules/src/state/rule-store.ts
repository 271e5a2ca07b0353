/** Where the alerts of rules are kept over a restart. */
import type { RuleRecord } from './rule-record.ts';

export interface RuleStore {
  /** All that is kept and holds, of the group, or of all. */
  records(group?: string): Iterable<RuleRecord>;
  /** Resolves when they are kept, or known not to be: an evaluation goes on in both cases. */
  keep(records: readonly RuleRecord[]): Promise<void>;
}
