/** How rules ask for data. */
import type { Engine, Query } from '@vigie/promql/evaluate/engine';
import type { RequestExtras } from '@vigie/promql/evaluate/query-engine';
import type { InstantResult, InstantSample } from '@vigie/promql/evaluate/result';
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { Querier } from '@vigie/promql/storage/querier';
import { RuleError } from './rule-error.ts';

/** What a rule finds. */
export interface FoundSample extends InstantSample {
  /** Of a log store: a line that shows what was found, `.Line` of templates. */
  readonly line?: string;
}

/** An instant vector at a time; a scalar is a vector of one sample without labels.
 *  @param extras of the rule's group, for a server that is asked by HTTP; others ask without them
 *  @throws {Error} whose message becomes the rule's last error; the signal's reason */
export type QueryVector = (
  query: Query,
  timestampMs: number,
  signal: AbortSignal,
  extras?: RequestExtras,
) => Promise<readonly FoundSample[]>;

export function engineQuery(engine: Engine, querier: Querier): QueryVector {
  return async (query, timestampMs, signal) => {
    const { result } = await engine.instant(querier, query, timestampMs, signal);
    return vectorOf(result);
  };
}

/** @throws {RuleError} of any other type */
export function vectorOf(result: InstantResult): readonly InstantSample[] {
  switch (result.type) {
    case 'vector':
      return result.samples;
    case 'scalar':
      return [{ labels: LabelSet.empty, value: result.value, histogram: undefined }];
    default:
      throw new RuleError('rule result is not a vector or scalar');
  }
}
