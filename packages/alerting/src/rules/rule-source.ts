/** Who answers what the rules of an alerting service ask, and keeps what they write: a server elsewhere, or a part of the same process. */
import type { Clock } from '@vigie/core/clock';
import type { RemotePrometheus } from '@vigie/promql/remote/remote-prometheus';
import type { Querier } from '@vigie/promql/storage/querier';
import type { QueryVector } from '@vigie/rules/query';
import type { RuleGroup } from '@vigie/rules/rule';
import type { AppendSamples } from '@vigie/rules/sample';
import { BatchedQueries } from './batched-queries.ts';
import { forStateQuerier } from './for-state-querier.ts';

export interface RuleSource {
  readonly query: QueryVector;
  /** Takes ALERTS, ALERTS_FOR_STATE and what is recorded; undefined: `remote_write` does, where there is one. */
  readonly append: AppendSamples | undefined;
  /** Has the ALERTS_FOR_STATE of before a restart. */
  readonly restoreFrom: Querier;
  /** Hears of the rules that ask, before they do. */
  readonly use?: (groups: readonly RuleGroup[]) => void;
}

export function remoteSource(remote: RemotePrometheus, clock: Pick<Clock, 'monotonicMs'>): RuleSource {
  const batched = new BatchedQueries(remote, clock);
  return {
    query: batched.query,
    append: undefined,
    restoreFrom: forStateQuerier(remote),
    use: (groups) => batched.use(groups),
  };
}
