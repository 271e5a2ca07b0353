import { VigieError } from '@vigie/core/errors';

/** Of a condition that a log store cannot be asked. */
export function unsupported(message: string): VigieError {
  return new VigieError('LOG_QUERY_UNSUPPORTED', message);
}
