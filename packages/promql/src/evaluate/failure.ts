/** A query that parses and cannot be answered, in Prometheus' words. */
import { VigieError } from '@vigie/core/errors';

export type EvaluationCode =
  | 'PROMQL_EXECUTION'
  | 'PROMQL_LIMIT'
  | 'PROMQL_TIMEOUT'
  | 'PROMQL_CANCELED'
  /** The server that queries are sent to cannot be reached, or does not answer as Prometheus does. */
  | 'PROMQL_UNAVAILABLE';

/** `code` is an EvaluationCode. */
export class EvaluationError extends VigieError {
  declare readonly code: EvaluationCode;

  constructor(code: EvaluationCode, message: string, cause?: unknown) {
    super(code, message, { cause });
  }
}

/** For what depends on the data: duplicate series, parameters out of range. */
export function evaluationError(message: string, cause?: unknown): EvaluationError {
  return new EvaluationError('PROMQL_EXECUTION', message, cause);
}

export const SAME_LABELS = 'vector cannot contain metrics with the same labelset';
