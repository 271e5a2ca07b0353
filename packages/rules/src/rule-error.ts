import { VigieError } from '@vigie/core/errors';

/** An evaluation that failed because of what the rule makes of its data, in Prometheus' words. `code` is RULE_FAILED. */
export class RuleError extends VigieError {
  constructor(message: string) {
    super('RULE_FAILED', message);
  }
}
