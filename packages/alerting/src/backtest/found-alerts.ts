/** What a rule finds at the evaluations of a range: of metrics a chunk of it at a time, of logs as far ahead as the store answers. */
import { bug } from '@vigie/core/errors';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { FoundAlert } from '@vigie/rules/alerts/alert';
import type { QueryVector } from '@vigie/rules/query';
import type { AlertingRule, RuleGroup } from '@vigie/rules/rule';
import { type LogRule, logRuleOf } from '../logs/log-rule.ts';
import { AlertFinder, type FoundAlerts } from './alert-finder.ts';
import { type BacktestLogs, logSamples } from './log-samples.ts';
import type { AskRange, BacktestRange, BacktestSeries } from './range.ts';

export interface RuleInRange {
  readonly rule: AlertingRule;
  readonly group: RuleGroup;
  /** Ascending, one behind the other. */
  readonly chunks: readonly BacktestRange[];
}

export interface FoundAlertsDeps {
  readonly externalLabels: LabelSet;
  readonly ask: AskRange;
  /** undefined: there are no rules on logs. */
  readonly logs: BacktestLogs | undefined;
}

/** Of a chunk, the next one each time.
 *  @returns what is found at an evaluation of it, to be asked in the order of time */
export type OpenChunk = (
  chunk: BacktestRange,
  signal: AbortSignal,
) => Promise<(timeMs: number) => FoundAlerts | Promise<FoundAlerts>>;

const NOTHING: FoundAlerts = new Map();

export function foundAlerts(tested: RuleInRange, { externalLabels, ask, logs }: FoundAlertsDeps): OpenChunk {
  const { rule } = tested;
  const finder = new AlertFinder(rule, externalLabels, templateQuery(ask));
  const logRule = logRuleOf(rule.query.expr);
  if (logRule === undefined) return onMetrics(tested, finder, ask);
  if (logs === undefined) throw bug('a rule on logs is tested without a log store');
  return onLogs(tested, logRule, finder, logs);
}

function onMetrics({ rule, group }: RuleInRange, finder: AlertFinder, ask: AskRange): OpenChunk {
  const offsetMs = group.queryOffsetMs ?? 0;
  return async ({ startMs, endMs, stepMs }, signal) => {
    const range = { startMs: startMs - offsetMs, endMs: endMs - offsetMs, stepMs };
    const found = await byTime(await ask(rule.query.text, range, signal), finder, signal);
    return (timeMs) => found.get(timeMs - offsetMs) ?? NOTHING;
  };
}

function onLogs({ group, chunks }: RuleInRange, rule: LogRule, finder: AlertFinder, logs: BacktestLogs): OpenChunk {
  const offsetMs = group.queryOffsetMs ?? 0;
  const endMs = chunks.at(-1)?.endMs ?? 0;
  const { startMs = 0, stepMs = 1 } = chunks[0] ?? {};
  const find = logSamples(rule, logs, { startMs, endMs, stepMs });
  return async (_chunk, signal) => async (timeMs) => {
    signal.throwIfAborted();
    return finder.alertsOf(await find(timeMs - offsetMs, signal), timeMs, signal);
  };
}

/** Of templates. */
function templateQuery(ask: AskRange): QueryVector {
  return async (query, atMs, signal) => {
    const range = { startMs: atMs, endMs: atMs, stepMs: 1000 };
    const answer = await ask(typeof query === 'string' ? query : query.text, range, signal);
    return answer.map(({ labels, values }) => ({ labels, value: values[0] ?? Number.NaN, histogram: undefined }));
  };
}

async function byTime(
  series: readonly BacktestSeries[],
  finder: AlertFinder,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, FoundAlerts>> {
  const found = new Map<number, Map<string, FoundAlert>>();
  for (const { labels, timestampsMs, values } of series) {
    const first = { labels, value: values[0] ?? Number.NaN, histogram: undefined };
    const alert = await finder.alertOf(first, timestampsMs[0] ?? 0, signal);
    for (const [index, timeMs] of timestampsMs.entries()) {
      const at = found.get(timeMs) ?? new Map<string, FoundAlert>();
      found.set(timeMs, at);
      at.set(alert.labels.key, { ...alert, value: values[index] ?? Number.NaN });
    }
  }
  return found;
}
