/** Who answers what the rules of an alerting service ask, and keeps what they write: a server elsewhere, or a part of the same process. */
import type { RemotePrometheus } from '@vigie/promql/remote/remote-prometheus';
import type { Querier } from '@vigie/promql/storage/querier';
import { type QueryVector, vectorOf } from '@vigie/rules/query';
import type { AppendSamples } from '@vigie/rules/sample';
import { forStateQuerier } from './for-state-querier.ts';

export interface RuleSource {
  readonly query: QueryVector;
  /** Takes ALERTS, ALERTS_FOR_STATE and what is recorded; undefined: `remote_write` does, where there is one. */
  readonly append: AppendSamples | undefined;
  /** Has the ALERTS_FOR_STATE of before a restart. */
  readonly restoreFrom: Querier;
}

export function remoteSource(remote: RemotePrometheus): RuleSource {
  return {
    query: async (query, timestampMs, signal, extras) => {
      const { result } = await remote.instant({ query, timestampMs, extras }, signal);
      return vectorOf(result);
    },
    append: undefined,
    restoreFrom: forStateQuerier(remote),
  };
}
