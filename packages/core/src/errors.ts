/** The three kinds of failure are kept apart: an expected outcome is a union in the return type, bad input is a
 *  VigieError, a broken invariant is `bug(…)`. */

/** Bad input or configuration: the message says what it is, what was found and what to do. Subclasses add fields.
 *  Callers match `code`, through errorCode(): each lazily loaded bundle has its own copy of this class. */
export class VigieError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** A broken invariant: always a defect of this program, never of its input. `throw bug("…")`. */
export function bug(message: string): Error {
  return new Error(`bug: ${message}`);
}

/** Closes an exhaustive switch. */
export function assertNever(value: never): never {
  throw bug(`unexpected value ${JSON.stringify(value)}`);
}

/** The `code` of a VigieError or of one of Node's own errors (`ENOENT`), undefined for anything else. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** An error's message with those of its causes: `cannot send: connect ECONNREFUSED 127.0.0.1:9200`. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  const seen = new Set<unknown>();
  let current: unknown = error;
  while (current !== undefined && current !== null && !seen.has(current)) {
    seen.add(current);
    parts.push(describeOne(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.reduceRight((causes, part) => (says(part, causes) ? part : `${part}: ${causes}`), '');
}

/** Whether a message has those of its causes itself. */
function says(message: string, causes: string): boolean {
  return causes === '' || message === causes || message.endsWith(`: ${causes}`);
}

/** A connection that failed on every address of a name is an AggregateError without a message of its own. */
function describeOne(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== '') return error.message;
  if (error instanceof AggregateError) return error.errors.map(describeError).join(', ');
  return errorCode(error) ?? error.name;
}
