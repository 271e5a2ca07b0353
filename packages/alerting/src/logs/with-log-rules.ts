/** Rules of both kinds behind one source: what an expression of PromQL asks goes to the one, what a log rule asks to the log store. */
import { VigieError } from '@vigie/core/errors';
import { MemoryStorage } from '@vigie/promql/storage/memory-storage';
import type { QueryVector } from '@vigie/rules/query';
import type { RuleSource } from '../rules/rule-source.ts';
import { logRuleOf } from './log-rule.ts';
import type { LogRules } from './log-rules.ts';

/** @param metrics undefined where there are only log rules */
export function withLogRules(metrics: RuleSource | undefined, logs: Pick<LogRules, 'evaluate'>): RuleSource {
  const query: QueryVector = async (asked, timestampMs, signal, extras) => {
    const rule = typeof asked === 'string' ? undefined : logRuleOf(asked.expr);
    if (rule !== undefined) return logs.evaluate(rule, timestampMs, signal);
    if (metrics === undefined)
      throw new VigieError('CONFIG_INVALID', 'query asks datasources.metrics, which is not configured');
    return metrics.query(asked, timestampMs, signal, extras);
  };
  return { query, append: metrics?.append, restoreFrom: metrics?.restoreFrom ?? new MemoryStorage() };
}
