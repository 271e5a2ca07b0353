/** `rules` of alerting.yaml: what rules do beyond Prometheus. */
import { duration, named, parsed, section } from '@vigie/core/config/fields';
import { flag } from '@vigie/core/config/written-fields';
import { parseFlap } from '@vigie/rules/file/alert-options';
import { DEFAULT_POLICY, NO_DATA, type RulePolicy } from '@vigie/rules/rule-policy';
import type { RuleRunnerOptions } from '@vigie/rules/rule-runner';
import * as v from 'valibot';

export const rulesSection = section({
  no_data: v.nullish(v.picklist(NO_DATA), DEFAULT_POLICY.noData),
  no_data_for: v.nullish(duration({ min: 1 }), '1d'),
  flap: v.nullish(parsed('off, or how often in which time, such as 3 in 10m, at least twice', parseFlap), 'off'),
  on_error: v.nullish(v.picklist(['keep', 'expire']), DEFAULT_POLICY.onError),
  on_limit: v.nullish(v.picklist(['clear', 'tell']), DEFAULT_POLICY.onLimit),
  on_removed: v.nullish(v.picklist(['resolve', 'expire']), DEFAULT_POLICY.onRemoved),
  // Those of Prometheus' own flags.
  resend_delay: v.nullish(duration({ min: 1 }), '1m'),
  for_outage_tolerance: v.nullish(duration(), '1h'),
  for_grace_period: v.nullish(duration(), '10m'),
  watch: flag(true),
  watch_labels: v.nullish(named(v.string()), { severity: 'warning' }),
});

export type WrittenRules = v.InferOutput<typeof rulesSection>;

export interface RulesConfig {
  readonly policy: RulePolicy;
  /** After which an alert that goes on is told again. */
  readonly resendDelayMs: number;
  /** Of ALERTS_FOR_STATE, at the start. */
  readonly restore: Pick<RuleRunnerOptions, 'outageToleranceMs' | 'forGraceMs'>;
  /** Labels of the alerts that tell of rules which fail or are not evaluated; undefined: nobody is told. */
  readonly watch: Readonly<Record<string, string>> | undefined;
}

/** @param tellsNoData whether receivers are told why an alert is resolved */
export function readRules(written: WrittenRules, tellsNoData: boolean): RulesConfig {
  const { no_data, no_data_for, flap, on_error, on_limit, on_removed, watch, watch_labels } = written;
  const { resend_delay: resendDelayMs, for_outage_tolerance, for_grace_period } = written;
  return {
    policy: {
      noData: no_data,
      noDataForMs: no_data_for,
      tellsNoData,
      flap: flap === 'off' ? undefined : flap,
      onError: on_error,
      onLimit: on_limit,
      onRemoved: on_removed,
    },
    resendDelayMs,
    restore: { outageToleranceMs: for_outage_tolerance, forGraceMs: for_grace_period },
    watch: watch ? watch_labels : undefined,
  };
}
