/** What is wrong with a query, in Prometheus' words. */
import { VigieError } from '@vigie/core/errors';
import { byteOffset, lineAndColumn, type PositionRange } from './position.ts';

export interface Complaint {
  readonly range: PositionRange;
  readonly reason: string;
}

/** `code` is PROMQL_PARSE. */
export class ParseError extends VigieError {
  readonly complaints: readonly Complaint[];

  /** @param complaints at least one; the message is that of the first
   *  @param message in place of that */
  constructor(query: string, complaints: readonly [Complaint, ...Complaint[]], message?: string) {
    const [{ range, reason }] = complaints;
    super('PROMQL_PARSE', message ?? `${lineAndColumn(query, range.start)}: parse error: ${reason}`);
    this.complaints = complaints;
  }
}

/** For a duration that is none once it has been computed. Prometheus tells where it is in bytes, from and to. */
export function durationError(query: string, complaint: Complaint): ParseError {
  const { range, reason } = complaint;
  const place = `${byteOffset(query, range.start)}:${byteOffset(query, range.end)}`;
  return new ParseError(query, [complaint], `${place}: ${reason}`);
}
