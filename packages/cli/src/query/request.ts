/** What `vigie query` is asked for. */
import { VigieError } from '@vigie/core/errors';
import { parseStep, parseTime } from './times.ts';

export interface QueryOptions {
  readonly time?: string;
  readonly start?: string;
  readonly end?: string;
  readonly step?: string;
}

export type QueryRequest =
  /** Without a time: the server's now. */
  | { readonly type: 'instant'; readonly promql: string; readonly timeMs: number | undefined }
  | { readonly type: 'range'; readonly promql: string; readonly range: QueryRange };

/** Both ends belong to it. */
export interface QueryRange {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** Steps of a range that names none: two for each column of a wide terminal. */
const DEFAULT_STEPS = 250;
const LEAST_DEFAULT_STEP_MS = 1000;

/** @throws {VigieError} CONFIG_INVALID */
export function queryRequest(promql: string, options: QueryOptions, nowMs: number): QueryRequest {
  const { time, start, end, step } = options;
  if (start === undefined) {
    if (end !== undefined || step !== undefined)
      throw invalid('--end and --step belong to a range: --start is missing');
    return { type: 'instant', promql, timeMs: time === undefined ? undefined : timeOf('--time', time, nowMs) };
  }
  if (time !== undefined) throw invalid('--time asks for an instant, --start for a range: leave one out');
  const startMs = timeOf('--start', start, nowMs);
  const endMs = end === undefined ? nowMs : timeOf('--end', end, nowMs);
  if (endMs < startMs) throw invalid('--end is before --start');
  const stepMs = step === undefined ? defaultStepMs(endMs - startMs) : parseStep(step);
  if (stepMs === undefined) throw invalid(`--step: expected a duration such as 15s, or seconds, above 0, got ${step}`);
  return { type: 'range', promql, range: { startMs, endMs, stepMs } };
}

/** Whole seconds, which Prometheus' own page takes too. */
function defaultStepMs(lengthMs: number): number {
  return Math.max(LEAST_DEFAULT_STEP_MS, Math.ceil(lengthMs / DEFAULT_STEPS / 1000) * 1000);
}

function timeOf(option: string, text: string, nowMs: number): number {
  const timeMs = parseTime(text, nowMs);
  if (timeMs !== undefined) return timeMs;
  throw invalid(`${option}: expected a time such as 2026-11-29T10:00:00Z, 1764410400 or now-1h, got ${text}`);
}

function invalid(message: string): VigieError {
  return new VigieError('CONFIG_INVALID', message);
}
