/** What the expressions of a rule have at the evaluations of a range: of metrics a chunk of it at a time, of logs as far ahead as the store
 *  answers. */
import { bug } from '@vigie/core/errors';
import type { FoundSample } from '@vigie/rules/query';
import type { AlertingRule, RuleGroup, RuleQuery } from '@vigie/rules/rule';
import { type LogRule, logRuleOf } from '../logs/log-rule.ts';
import { type BacktestLogs, logSamples } from './log-samples.ts';
import type { AskRange, BacktestRange, BacktestSeries } from './range.ts';

export interface RuleInRange {
  readonly rule: AlertingRule;
  readonly group: RuleGroup;
  /** Ascending, one behind the other. */
  readonly chunks: readonly BacktestRange[];
}

export interface AskedRuleDeps {
  readonly ask: AskRange;
  /** undefined: there are no rules on logs. */
  readonly logs: BacktestLogs | undefined;
}

/** What the rule's expression has at an evaluation of a chunk, or another one that it asks besides. To be asked in the order of time.
 *  @throws what the server, or the log store, says; the signal's reason */
export type AskAt = (query: RuleQuery, timeMs: number) => Promise<readonly FoundSample[]>;

/** Of a chunk, the next one each time. */
export type OpenChunk = (chunk: BacktestRange, signal: AbortSignal) => AskAt;

export function askedRule(tested: RuleInRange, { ask, logs }: AskedRuleDeps): OpenChunk {
  const logRule = logRuleOf(tested.rule.query.expr);
  if (logRule === undefined) return onMetrics(tested, ask);
  if (logs === undefined) throw bug('a rule on logs is tested without a log store');
  return onLogs(tested, logRule, logs);
}

/** Each expression is asked for once in a chunk, when it is needed first. */
function onMetrics({ group }: RuleInRange, ask: AskRange): OpenChunk {
  const offsetMs = group.queryOffsetMs ?? 0;
  return ({ startMs, endMs, stepMs }, signal) => {
    const range = { startMs: startMs - offsetMs, endMs: endMs - offsetMs, stepMs };
    const answers = new Map<string, Promise<SamplesByTime>>();
    return async ({ text }, timeMs) => {
      const answer = answers.get(text) ?? ask(text, range, signal).then(byTime);
      answers.set(text, answer);
      return (await answer).get(timeMs - offsetMs) ?? [];
    };
  };
}

function onLogs({ group, chunks }: RuleInRange, rule: LogRule, logs: BacktestLogs): OpenChunk {
  const offsetMs = group.queryOffsetMs ?? 0;
  const endMs = chunks.at(-1)?.endMs ?? 0;
  const { startMs = 0, stepMs = 1 } = chunks[0] ?? {};
  const find = logSamples(rule, logs, { startMs, endMs, stepMs });
  return (_chunk, signal) => async (_query, timeMs) => {
    signal.throwIfAborted();
    return find(timeMs - offsetMs, signal);
  };
}

type SamplesByTime = ReadonlyMap<number, readonly FoundSample[]>;

function byTime(series: readonly BacktestSeries[]): SamplesByTime {
  const samples = new Map<number, FoundSample[]>();
  for (const { labels, timestampsMs, values } of series) {
    for (const [index, timeMs] of timestampsMs.entries()) {
      const sample = { labels, value: values[index] ?? Number.NaN, histogram: undefined };
      const known = samples.get(timeMs);
      if (known === undefined) samples.set(timeMs, [sample]);
      else known.push(sample);
    }
  }
  return samples;
}
