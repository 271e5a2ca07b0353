/** Traces of scrapes and queries. Who is not asked to trace has none of this: `undefined` in place of it, and no library loaded. */
import type { IncomingHttpHeaders } from 'node:http';

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface Span {
  set(attributes: SpanAttributes): void;
  /** What it is of has failed. */
  fail(message: string): void;
}

export interface Tracing {
  /** Calls `run` as a part of the trace that a request is of; what `run` begins is too. */
  continueFrom(headers: IncomingHttpHeaders, run: () => void): void;
  /** Runs it within a span, which ends with it, and has failed where it rejects. */
  span<T>(name: string, attributes: SpanAttributes, run: (span: Span) => Promise<T>): Promise<T>;
  /** Sends what has not been sent yet. Resolves when it has, or cannot. */
  close(): Promise<void>;
}
