/** What is wrong with a query, in Prometheus' words. */
import { VigieError } from '@vigie/core/errors';
import { lineAndColumn, type PositionRange } from './position.ts';

export interface Complaint {
  readonly range: PositionRange;
  readonly reason: string;
}

/** `code` is PROMQL_PARSE. */
export class ParseError extends VigieError {
  readonly complaints: readonly Complaint[];

  /** @param complaints at least one; the message is that of the first */
  constructor(query: string, complaints: readonly [Complaint, ...Complaint[]]) {
    const [{ range, reason }] = complaints;
    super('PROMQL_PARSE', `${lineAndColumn(query, range.start)}: parse error: ${reason}`);
    this.complaints = complaints;
  }
}
