import { VigieError } from '@vigie/core/errors';

/** A matcher that does not parse, in Alertmanager's words. `code` is MATCHER_INVALID. */
export class MatcherError extends VigieError {
  constructor(message: string) {
    super('MATCHER_INVALID', message);
  }
}
