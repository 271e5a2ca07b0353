import type { LabelSet } from '@vigie/promql/labels/label-set';

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

/** Loki, Elasticsearch or OpenSearch, and one day the embedded log store. */
export interface LogSource {
  /** Oldest first, the newest `limit` of them. @throws {VigieError} LOGS_UNREACHABLE, LOGS_REFUSED */
  lastLines(query: LastLinesQuery, signal: AbortSignal): Promise<readonly LogLine[]>;
}
