/** The contract between delivery and whatever takes the records: bytes in, an outcome out. */
import type { Clock } from '@vigie/core/clock';
import type { RecordFacts } from '../encode/document.ts';
import type { RecordShape } from '../encode/group-shape.ts';

export type { RecordFacts };

export interface Sink {
  readonly type: string;
  /** The sink's key in the configuration. */
  readonly name: string;
  /** Lines that one record takes in a body: 2 where an action line stands before the document. */
  readonly linesPerRecord: 1 | 2;
  /** The shape depends on the record's UTC day (a dated index). */
  readonly perUtcDay: boolean;
  /** `send` takes bodies that are zlib streams (RFC 1950) of the same lines. */
  readonly takesDeflate: boolean;
  /** Set where requests are not JSON lines but groups of records: shapes are GroupShapes then, one record is one line as a
   *  dead letter only, and nothing is deflated. */
  readonly grouped?: GroupedBodies;
  /** Records of one log are in one request at a time, so that none overtakes another. */
  readonly ordered?: boolean;
  /** The form of its bodies, where that depends on more than the type: bodies that a disk buffer has kept are given to a
   *  sink of the same form only. */
  readonly bodyKind?: string;
  /** @param utcDay `2026-11-21`, given exactly where `perUtcDay` says so */
  shape(facts: RecordFacts, utcDay: string | undefined): RecordShape;
  /** Reads certificates and secrets. Never waits for the other side: that it is down, or lacks a template,
   *  shows as the outcome of `send`.
   *  @throws {VigieError} a file that the configuration names cannot be used */
  start(signal: AbortSignal): Promise<void>;
  /** Takes over what the sink of this name had in memory before a reload. Neither has sends that run.
   *  @param before of any type */
  adopt?(before: Sink): void;
  /** Idempotent. Sends that still run are the caller's to abort first. */
  close(): Promise<void>;
  /** The body's memory is not touched any more once the promise settles. Several may run at once.
   *  @param body `records` records of `linesPerRecord` lines each, every line with its newline; or as `grouped` says
   *  @param deflated the body is a zlib stream: given only where `takesDeflate` says so
   *  @returns never rejects but with the signal's reason */
  send(body: Uint8Array, records: number, signal: AbortSignal, deflated?: boolean): Promise<SendOutcome>;
}

/** Requests of encode/group-shape.ts. */
export interface GroupedBodies {
  /** Field numbers that lead to a record, from the request down. */
  readonly path: readonly number[];
  /** A body of one record as a JSON object without newlines, for a person to read and mend. */
  toJson(body: Buffer): string;
  /** The same back. @throws {VigieError} for what is not one such record */
  fromJson(text: string): Buffer;
}

/** `throttled`: 429. `unavailable`: 5xx. `protocol`: an answer that cannot be what the server meant.
 *  `storage`: a local disk. Bounded in number: they are metric labels. */
export type RetryReason = 'throttled' | 'unavailable' | 'network' | 'timeout' | 'protocol' | 'storage';

/** `credentials`: 401, 403. `not_found`: 404. `template`: no data-stream template matches. `setup`: the template
 *  or policy could not be installed. `endpoint`: an answer that only another configuration can change.
 *  `closed`: the reader of our output is gone. */
export type HeldReason = 'credentials' | 'not_found' | 'template' | 'setup' | 'endpoint' | 'closed';

export interface RejectedItem {
  /** Index of the record in the body that was sent. */
  readonly index: number;
  readonly httpStatus: number;
  readonly error: string;
}

export type SendOutcome =
  | { readonly status: 'accepted' }
  /** Those named are to be sent again, or refused for good; all others are accepted. */
  | {
      readonly status: 'items';
      /** Ascending. */
      readonly retry: readonly number[];
      readonly rejected: readonly RejectedItem[];
      readonly reason: RetryReason;
      readonly retryAfterMs?: number;
    }
  /** The whole body again, after a while. */
  | {
      readonly status: 'retryable';
      readonly reason: RetryReason;
      readonly detail: string;
      readonly retryAfterMs?: number;
    }
  | { readonly status: 'too_large' }
  /** All are taken, but so many were thrown away, and nobody says which: they are not sent again. */
  | { readonly status: 'discarded'; readonly records: number; readonly httpStatus: number; readonly error: string }
  /** The body is refused as bad, by at least one of its records. */
  | { readonly status: 'rejected'; readonly httpStatus: number; readonly error: string }
  /** A fault of configuration: nothing is wrong with the records, and nothing will change until somebody acts. */
  | { readonly status: 'held'; readonly reason: HeldReason; readonly detail: string };

/** What sinks need of the world. */
export interface SinkDeps {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** For HTTPS_PROXY, HTTP_PROXY and NO_PROXY. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Stands in the User-Agent. */
  readonly version: string;
  readonly events: SinkEvents;
}

/** What a sink has to tell beside its outcomes. Every call is counted by sink and event. */
export interface SinkEvents {
  /** `redirected`: records that the server put into its failure store. `protocol_error`: answers that were not
   *  understood. `name_overflow`: containers sent to the fallback name, because `max_names` was reached.
   *  `discarded_bytes`: bytes of rotated files deleted beyond `keep`. `line_cut`: lines longer than the server takes.
   *  `metadata_omitted`: fields that the server has no room for. `series_overflow`: samples beyond `max_series`.
   *  `invalid_value`: fields that hold no sample. */
  count(sink: string, event: SinkEvent, amount: number): void;
  /** Something an operator should read, that no outcome carries. */
  warn(sink: string, message: string, fields: Readonly<Record<string, unknown>>): void;
}

export type SinkEvent =
  | 'redirected'
  | 'protocol_error'
  | 'name_overflow'
  | 'discarded_bytes'
  | 'line_cut'
  | 'metadata_omitted'
  | 'series_overflow'
  | 'invalid_value';
