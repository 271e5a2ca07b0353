/** Counts a query by how it ends. */
import type { Clock } from '@vigie/core/clock';
import { apiErrorOf } from './api-error.ts';
import type { QueryCounts, QueryKind, QueryOutcome } from './query-counts.ts';

export async function countQuery<T>(
  kind: QueryKind,
  { counts, clock }: { readonly counts: QueryCounts; readonly clock: Clock },
  signal: AbortSignal,
  work: () => Promise<T>,
  outcomeOf: (value: T) => QueryOutcome = () => 'success',
): Promise<T> {
  const startedAtMs = clock.monotonicMs();
  let outcome: QueryOutcome = 'internal';
  try {
    const value = await work();
    outcome = outcomeOf(value);
    return value;
  } catch (error) {
    const apiError = apiErrorOf(error, signal.aborted);
    outcome = apiError.type;
    throw apiError;
  } finally {
    counts.ended(kind, outcome, (clock.monotonicMs() - startedAtMs) / 1000);
  }
}
