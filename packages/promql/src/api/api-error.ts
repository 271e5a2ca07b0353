/** What the API answers in place of data, in Prometheus' kinds. */
import { describeError, errorCode, VigieError } from '@vigie/core/errors';
import { jsonString } from './json-text.ts';

export type ApiErrorType = 'bad_data' | 'execution' | 'canceled' | 'timeout' | 'unavailable' | 'not_found' | 'internal';

/** 499 is nginx' code for a client that has gone, which Prometheus took over. */
const STATUS: Readonly<Record<ApiErrorType, number>> = {
  bad_data: 400,
  execution: 422,
  canceled: 499,
  timeout: 503,
  unavailable: 503,
  not_found: 404,
  internal: 500,
};

export class ApiError extends VigieError {
  readonly type: ApiErrorType;

  constructor(type: ApiErrorType, message: string, options?: ErrorOptions) {
    super('PROMETHEUS_API', message, options);
    this.type = type;
  }

  get status(): number {
    return STATUS[this.type];
  }
}

export function badData(message: string): ApiError {
  return new ApiError('bad_data', message);
}

/** In Prometheus' words: `invalid parameter "start": …`. */
export function invalidParameter(name: string, reason: string): ApiError {
  return badData(`invalid parameter "${name}": ${reason}`);
}

/** The answer that says it, as JSON. */
export function errorText({ type, message }: ApiError): string {
  return `{"status":"error","errorType":"${type}","error":${jsonString(message)}}`;
}

/** For whatever has been thrown while a request was answered.
 *  @param isGone whether the client is */
export function apiErrorOf(error: unknown, isGone: boolean): ApiError {
  if (error instanceof ApiError) return error;
  const type = isGone ? 'canceled' : typeOfCode(errorCode(error));
  if (type !== undefined && error instanceof Error) return new ApiError(type, error.message, { cause: error });
  // The storage's own are errors of execution, in Prometheus too.
  if (error instanceof VigieError) return new ApiError('execution', describeError(error), { cause: error });
  return new ApiError('internal', 'internal error: see the log', { cause: error });
}

function typeOfCode(code: string | undefined): ApiErrorType | undefined {
  switch (code) {
    case 'PROMQL_CANCELED':
      return 'canceled';
    case 'PROMQL_TIMEOUT':
      return 'timeout';
    case 'PROMQL_PARSE':
      return 'bad_data';
    case 'PROMQL_UNAVAILABLE':
      return 'unavailable';
    case 'PROMQL_EXECUTION':
    case 'PROMQL_LIMIT':
      return 'execution';
    default:
      return undefined;
  }
}
