/** Of a service, what says whether alerts get through. */
import type { AlertEngine } from './engine.ts';
import type { HighAvailability } from './ha/high-availability.ts';
import type { HealthView } from './heartbeat/engine-health.ts';
import type { AlertingRules } from './rules/alerting-rules.ts';

export interface ServiceParts {
  readonly engine: Pick<AlertEngine, 'state' | 'stateLog'> | undefined;
  readonly rules: Pick<AlertingRules, 'groups'> | undefined;
  /** undefined: there is one replica. */
  readonly ha: Pick<HighAvailability, 'ownsRulesForMs'> | undefined;
}

/** Each replica answers for the groups of rules that it evaluates, from when they became its own. */
export function serviceHealth({ engine, rules, ha }: ServiceParts, nowMs: number): HealthView {
  let oldestUnsentMs: number | undefined;
  for (const { beganAtMs } of engine?.state.outbox.all() ?? [])
    oldestUnsentMs = Math.min(oldestUnsentMs ?? beganAtMs, beganAtMs);
  return {
    nowMs,
    oldestUnsentMs,
    isStateIncomplete: engine?.stateLog?.hasGap === true,
    groups: (rules?.groups ?? []).flatMap((group) => {
      const { key, intervalMs, lastEvaluationMs } = group;
      const failed = group.rules.map(({ health }) => health === 'err');
      if (ha === undefined) return [{ intervalMs, lastEvaluationMs, failed }];
      const forMs = ha.ownsRulesForMs(key);
      if (forMs === undefined) return [];
      return [{ intervalMs, lastEvaluationMs: Math.max(lastEvaluationMs ?? 0, nowMs - forMs), failed }];
    }),
  };
}
