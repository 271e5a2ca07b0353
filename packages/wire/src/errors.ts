import { VigieError } from '@vigie/core/errors';

/** Bytes that are not what they are said to be. `offset`: where it shows, in the bytes that were given. */
export class MalformedError extends VigieError {
  readonly offset: number | undefined;

  constructor(what: string, offset?: number, options?: ErrorOptions) {
    super('WIRE_MALFORMED', offset === undefined ? what : `${what} (byte ${offset})`, options);
    this.offset = offset;
  }
}

/** Well-formed perhaps, but more than the reader was willing to take. */
export class LimitError extends VigieError {
  readonly limit: number;

  /** @param what `log records`, `levels of nesting` */
  constructor(what: string, limit: number) {
    super('WIRE_LIMIT_EXCEEDED', `more than ${limit} ${what}`);
    this.limit = limit;
  }
}
