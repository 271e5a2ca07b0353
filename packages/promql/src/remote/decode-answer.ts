/** The envelope of an answer of Prometheus' API: data with what is noted about it, or an error. */
import { VigieError } from '@vigie/core/errors';
import * as v from 'valibot';
import { EvaluationError } from '../evaluate/failure.ts';

const ENVELOPE = v.variant('status', [
  v.object({
    status: v.literal('success'),
    data: v.unknown(),
    warnings: v.optional(v.array(v.string()), []),
    infos: v.optional(v.array(v.string()), []),
  }),
  v.object({ status: v.literal('error'), errorType: v.optional(v.string(), ''), error: v.optional(v.string(), '') }),
]);

export interface DecodedAnswer {
  readonly data: unknown;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

/** @param httpStatus for what is no answer of such a server
 *  @throws {VigieError} PROMQL_PARSE or an EvaluationCode: the server's own error, in its words */
export function decodeAnswer(text: string, httpStatus: number, { origin }: URL): DecodedAnswer {
  const envelope = v.safeParse(ENVELOPE, parseJson(text));
  if (!envelope.success) {
    throw new EvaluationError('PROMQL_UNAVAILABLE', `${origin} answered ${httpStatus}, and not as Prometheus does`);
  }
  const { output } = envelope;
  if (output.status === 'success') return output;
  throw answeredError(output.errorType, output.error);
}

/** The data of an answer whose data is a list; undefined for any other. */
export function answeredList(text: string): readonly unknown[] | undefined {
  const { success, output } = v.safeParse(ENVELOPE, parseJson(text));
  return success && output.status === 'success' && Array.isArray(output.data) ? output.data : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** By Prometheus' kind of it. */
export function answeredError(type: string, message: string): VigieError {
  switch (type) {
    case 'bad_data':
      return new VigieError('PROMQL_PARSE', message);
    case 'timeout':
      return new EvaluationError('PROMQL_TIMEOUT', message);
    case 'canceled':
      return new EvaluationError('PROMQL_CANCELED', message);
    case 'unavailable':
      return new EvaluationError('PROMQL_UNAVAILABLE', message);
    default:
      return new EvaluationError('PROMQL_EXECUTION', message);
  }
}
