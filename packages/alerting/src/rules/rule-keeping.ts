/** Where rules keep what they know: of their alerts over a restart, and for the replica that evaluates them next. With an engine that is where
 *  its alerts are; without one they have a log of their own (rule-state-log.ts). */
import type { Log } from '@vigie/core/log';
import type { RuleStore } from '@vigie/rules/state/rule-store';
import type { AlertEngine } from '../engine.ts';
import type { ToldLogRule, ToldLogRules } from '../logs/state/told-log-rules.ts';

export interface RuleKeeping extends RuleStore {
  /** Of log rules, what the replicas have told each other. */
  readonly logRules: ToldLogRules;
  /** Resolves when it is kept, or known not to be. */
  keepLogRule(told: ToldLogRule): Promise<void>;
}

export function keptByEngine(engine: Pick<AlertEngine, 'state' | 'keep' | 'keepRules'>, log: Log): RuleKeeping {
  const failed = (error: unknown): void => log.error('the state of rules cannot be kept', { error });
  return {
    logRules: engine.state.logRules,
    records: (group) => engine.state.rules.records(group),
    keep: (records) => engine.keepRules(records).catch(failed),
    keepLogRule: (told) => {
      engine.state.logRules.apply(told);
      return engine.keep([{ kind: 'log_rule', told }]).catch(failed);
    },
  };
}
