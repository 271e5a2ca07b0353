/** What rules and notifications ask a log store: Loki, Elasticsearch or OpenSearch. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { LogQuery } from './query/log-query.ts';

/** One line as a log store keeps it. */
export interface LogLine {
  /** As written, Unix ns. */
  readonly timeNs: bigint;
  readonly message: string;
  /** namespace, pod, container, and what a rule groups by. */
  readonly labels: LabelSet;
}

export interface LastLinesQuery {
  readonly namespace: string;
  readonly pod: string;
  /** '' any */
  readonly container: string;
  /** Unix ms; none after it. */
  readonly untilMs: number;
  readonly sinceMs: number;
  readonly limit: number;
}

/** A stretch of time in steps. */
export interface Steps {
  /** Unix ms, a multiple of stepMs. */
  readonly fromMs: number;
  /** The same, above fromMs. */
  readonly toMs: number;
  readonly stepMs: number;
}

export interface CountQuery extends Steps {
  readonly query: LogQuery;
  /** Names of fields whose values are counted apart: query/field-names.ts. */
  readonly by: readonly string[];
}

/** Lines of one step. */
export interface LineCount {
  /** Of `by`, as labels; without those that the lines lack. */
  readonly labels: LabelSet;
  /** Unix ms, a multiple of the step. */
  readonly startMs: number;
  /** At least 1. */
  readonly count: number;
}

export interface NewestLineQuery {
  readonly query: LogQuery;
  readonly by: readonly string[];
  /** Of `by`, as a count has them. */
  readonly labels: LabelSet;
  readonly fromMs: number;
  readonly toMs: number;
}

/** What a metric expression has at the end of a step. */
export interface LogSample {
  readonly labels: LabelSet;
  readonly timestampMs: number;
  readonly value: number;
}

/** Loki, Elasticsearch or OpenSearch, and one day the embedded log store. */
export interface LogSource {
  /** Oldest first, the newest `limit` of them. @throws {VigieError} LOGS_UNREACHABLE, LOGS_REFUSED */
  lastLines(query: LastLinesQuery, signal: AbortSignal): Promise<readonly LogLine[]>;
  /** How many lines there are, for each step that has some. A line belongs to one step: a source has either the beginning of a step in it or its
   *  end, and always the same. All groups, or an error: never a part of them.
   *  @throws {VigieError} LOGS_UNREACHABLE: it does not answer, or not from all of its parts; LOGS_REFUSED; LOGS_TOO_MANY */
  counts(query: CountQuery, signal: AbortSignal): Promise<readonly LineCount[]>;
  /** undefined where there is none. @throws {VigieError} LOGS_UNREACHABLE, LOGS_REFUSED */
  newestLine(query: NewestLineQuery, signal: AbortSignal): Promise<LogLine | undefined>;
  /** What a metric expression of the source's own language has at the end of each step.
   *  @throws {VigieError} LOGS_UNREACHABLE, LOGS_REFUSED, also where it has no such language; LOGS_TOO_MANY */
  evaluate(expression: string, steps: Steps, signal: AbortSignal): Promise<readonly LogSample[]>;
}

/** Of one answer, and of what a rule makes of it: 10 MB of memory. */
export const MAX_COUNTS = 100_000;
