/** An alert as it is grouped and told. Source: Alertmanager, alert/alert.go. */
import { compareText, type LabelSet } from '@vigie/promql/labels/label-set';
import type { ResolveReason } from '@vigie/rules/alerts/alert';
import { compareLabels } from '../identity/label-order.ts';

export interface Alert {
  readonly fingerprint: string;
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
  /** Unix ms. */
  readonly startsAtMs: number;
  /** When it ended or will, unless it comes again; undefined while it has no end. */
  readonly endsAtMs: number | undefined;
  /** When it last came. */
  readonly updatedAtMs: number;
  readonly generatorUrl: string;
  /** Of one that a rule has ended, or somebody by hand. */
  readonly resolveReason?: ResolveReason | 'manual' | undefined;
}

export function isResolved({ endsAtMs }: Alert, nowMs: number): boolean {
  return endsAtMs !== undefined && endsAtMs <= nowMs;
}

/** As notifications list them: by job, instance, then all labels; those without the label last. */
export function compareAlerts(a: Alert, b: Alert): number {
  for (const name of ['job', 'instance']) {
    const byPresence = Number(b.labels.has(name)) - Number(a.labels.has(name));
    if (byPresence !== 0) return byPresence;
    const byValue = compareText(a.labels.get(name), b.labels.get(name));
    if (byValue !== 0) return byValue;
  }
  return compareLabels(a.labels, b.labels);
}
