/** Why a notification did not arrive, as Alertmanager's metrics say it. Source: Alertmanager 0.34.2, notify/util.go, Reason; which attempt counts,
 *  notify/retry_stage.go. */
import { OUT_OF_TIME } from '../dispatch/telling.ts';
import type { Attempt } from './deliver.ts';

export type FailureReason =
  | 'clientError'
  | 'serverError'
  | 'authError'
  | 'rateLimited'
  | 'contextCanceled'
  | 'contextDeadlineExceeded'
  | 'other';

/** @param last the attempt that failed last; undefined: none had ended when it was given up
 *  @param signal by which it was given up */
export function failureReason(last: Pick<Attempt, 'exchanges'> | undefined, signal: AbortSignal): FailureReason {
  if (last === undefined) return signal.reason === OUT_OF_TIME ? 'contextDeadlineExceeded' : 'contextCanceled';
  const status = last.exchanges.at(-1)?.status;
  // Mail, a template that fails, and a receiver that has not answered.
  if (status === undefined) return 'other';
  if (status === 401 || status === 403) return 'authError';
  if (status === 429) return 'rateLimited';
  if (status >= 500) return 'serverError';
  // Chats say with 200, too, that they do not take what they were sent.
  return status >= 400 || status < 300 ? 'clientError' : 'other';
}
