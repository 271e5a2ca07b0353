/** The recording rules of a collector's rule files. Alerting rules are the business of `vigie alerting`: here they are counted, and left. */
import type { Clock } from '@vigie/core/clock';
import type { Log } from '@vigie/core/log';
import { invalidParameter } from '@vigie/promql/api/api-error';
import type { Providers } from '@vigie/promql/api/options';
import { answerAlerts, answerRules } from '@vigie/rules/api/answers';
import { findFiles } from '@vigie/rules/file/glob-files';
import { loadRuleFiles } from '@vigie/rules/file/load-rule-files';
import type { QueryVector } from '@vigie/rules/query';
import type { RuleGroup } from '@vigie/rules/rule';
import { DEFAULT_POLICY } from '@vigie/rules/rule-policy';
import { DEFAULT_RESEND_DELAY_MS, DEFAULT_RESTORE, RuleRunner } from '@vigie/rules/rule-runner';
import type { AppendSamples } from '@vigie/rules/sample';
import type { CollectorConfig } from '../config/collector-config.ts';

export interface RecordingRulesDeps {
  readonly query: QueryVector;
  readonly append: AppendSamples;
  readonly clock: Clock;
  readonly log: Log;
}

export interface LoadedRules {
  readonly groups: readonly RuleGroup[];
  /** Alerting rules that were left out. */
  readonly left: number;
}

export class RecordingRules {
  readonly #runner: RuleRunner;
  readonly #log: Log;
  #left = 0;

  constructor({ query, append, clock, log }: RecordingRulesDeps) {
    // Without alerting rules there are no alerts to send, and none to restore.
    const world = { query, append, notify: () => undefined, clock, log };
    this.#runner = new RuleRunner(world, { ...DEFAULT_RESTORE, restoreFrom: undefined });
    this.#log = log;
  }

  get groups(): RuleRunner['groups'] {
    return this.#runner.groups;
  }

  /** Alerting rules in the files of now. */
  get left(): number {
    return this.#left;
  }

  get providers(): Pick<Providers, 'rules' | 'alerts'> {
    return {
      rules: (query) => {
        const answer = answerRules(this.#runner.groups, query);
        if (answer.status === 'ok') return answer.data;
        throw invalidParameter('group_next_token', answer.reason);
      },
      alerts: () => answerAlerts(this.#runner.groups),
    };
  }

  start(): void {
    this.#runner.start();
  }

  /** Groups that are as they were go on undisturbed. */
  async apply({ groups, left }: LoadedRules, config: CollectorConfig): Promise<void> {
    if (left > 0 && left !== this.#left) {
      this.#log.warn('alerting rules are left to vigie alerting: nothing here evaluates them', { rules: left });
    }
    this.#left = left;
    await this.#runner.update(groups, {
      intervalMs: config.evaluationIntervalMs,
      queryOffsetMs: config.ruleQueryOffsetMs,
      resendDelayMs: DEFAULT_RESEND_DELAY_MS,
      externalLabels: new Map(config.externalLabels.entries()),
      externalUrl: '',
      policy: DEFAULT_POLICY,
    });
  }

  /** Queries under way are aborted. */
  close(): Promise<void> {
    return this.#runner.close();
  }
}

/** @param patterns absolute
 *  @throws {ConfigError} with every problem of every file
 *  @throws {VigieError} CONFIG_UNREADABLE */
export async function loadRecordingRules(patterns: readonly string[]): Promise<LoadedRules> {
  const { files } = await findFiles(patterns);
  return recordingRulesOf(await loadRuleFiles(files));
}

/** Those of them that record; how many do not. */
export function recordingRulesOf(all: readonly RuleGroup[]): LoadedRules {
  const groups = all
    .map((group) => ({ ...group, rules: group.rules.filter(({ kind }) => kind === 'recording') }))
    .filter(({ rules }) => rules.length > 0);
  const count = (of: readonly RuleGroup[]): number => of.reduce((sum, { rules }) => sum + rules.length, 0);
  return { groups, left: count(all) - count(groups) };
}
