/** What rules on logs find at times of the past. Lines that counted late are there by now: each window is evaluated once, as if all of it had been in
 *  time. */
import { FakeClock } from '@vigie/core/fake-clock';
import type { FoundSample } from '@vigie/rules/query';
import { floorTo } from '../logs/evaluate/steps.ts';
import type { ExpressionRule, LogRule } from '../logs/log-rule.ts';
import { LogRules } from '../logs/log-rules.ts';
import type { LogSample, LogSource } from '../logs/log-source.ts';
import { NOTHING_KEPT, SILENT } from '../scenario/rehearsal.ts';
import { PastLogs } from './past-logs.ts';
import { StepsAhead } from './steps-ahead.ts';

export interface BacktestLogs {
  readonly source: LogSource;
  /** How long before an evaluation its window ends: `datasources.logs.query_delay`. */
  readonly queryDelayMs: number;
}

/** To be asked in the order of time.
 *  @throws {VigieError} LOGS_UNREACHABLE, LOGS_REFUSED, LOGS_TOO_MANY; the signal's reason */
export type FindSamples = (timeMs: number, signal: AbortSignal) => Promise<readonly FoundSample[]>;

export interface PastRange {
  /** Unix ms, of the first evaluation and the last. */
  readonly startMs: number;
  readonly endMs: number;
  /** Between evaluations, whose times are multiples of it. */
  readonly stepMs: number;
}

export function logSamples(rule: LogRule, logs: BacktestLogs, range: PastRange): FindSamples {
  if (rule.kind === 'expression') return expressionSamples(rule, logs.source, range);
  const { queryDelayMs } = logs;
  const delays = { shortestMs: queryDelayMs, longestMs: queryDelayMs };
  const source = new PastLogs(logs.source, range.endMs);
  const clock = new FakeClock(range.startMs);
  const rules = new LogRules(delays, { source, store: NOTHING_KEPT, clock, log: SILENT });
  const past = { ...rule, lateMs: 0, wantsLine: false };
  return (timeMs, signal) => {
    source.nowMs = timeMs;
    return rules.evaluate(past, timeMs, signal);
  };
}

function expressionSamples(
  { expression }: ExpressionRule,
  source: LogSource,
  { endMs, stepMs }: PastRange,
): FindSamples {
  const ahead = new StepsAhead<LogSample>({
    stepMs,
    endMs,
    fetch: (steps, signal) => source.evaluate(expression, steps, signal),
    // What is found at the end of a step is of that step.
    startOf: ({ timestampMs }) => timestampMs - stepMs,
  });
  return async (timeMs, signal) => {
    // A group's query_offset need not be a multiple.
    const toMs = floorTo(timeMs, stepMs);
    const samples = await ahead.take({ fromMs: toMs - stepMs, toMs }, signal);
    return samples.map(({ labels, value }) => ({ labels, value, histogram: undefined }));
  };
}
