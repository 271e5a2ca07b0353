/** A line of a test script that cannot be read. */
import { VigieError } from '@vigie/core/errors';

/** `code` is PROMQL_SCRIPT. */
export class ScriptError extends VigieError {
  /** From 1. */
  readonly line: number;

  constructor(line: number, reason: string) {
    super('PROMQL_SCRIPT', reason);
    this.line = line;
  }
}
