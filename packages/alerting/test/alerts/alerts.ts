/** Alerts as clients post them. */
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { PostedAlert } from '../../src/alerts/posted-alert.ts';
import { fingerprintOf } from '../../src/identity/fingerprint.ts';

export interface AlertTimes {
  readonly startsAtMs?: number;
  readonly endsAtMs?: number;
  readonly updatedAtMs?: number;
  readonly hasTimeout?: boolean;
}

export function posted(
  labels: Readonly<Record<string, string>>,
  { startsAtMs = 0, endsAtMs = 300_000, updatedAtMs = 0, hasTimeout = false }: AlertTimes = {},
  annotations: Readonly<Record<string, string>> = {},
): PostedAlert {
  const set = LabelSet.of(labels);
  return {
    fingerprint: fingerprintOf(set),
    labels: set,
    annotations: LabelSet.of(annotations),
    startsAtMs,
    endsAtMs,
    updatedAtMs,
    generatorUrl: '',
    hasTimeout,
  };
}
