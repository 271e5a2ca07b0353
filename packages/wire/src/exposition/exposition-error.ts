import { MalformedError } from '../errors.ts';

/** A body that is no exposition. The message is worded as Prometheus words it, with the line behind it. */
export class ExpositionError extends MalformedError {
  /** From 1; of the line on which the offending entry begins. */
  readonly line: number;

  constructor(what: string, line: number) {
    super(`${what} (line ${line})`);
    this.line = line;
  }
}

/** @param at the first byte of the offending entry
 *  Cost: O(at); called once, for the error that ends a scrape. */
export function lineOf(bytes: Uint8Array, at: number): number {
  let line = 1;
  for (let index = 0; index < at; index++) if (bytes[index] === 0x0a) line++;
  return line;
}
