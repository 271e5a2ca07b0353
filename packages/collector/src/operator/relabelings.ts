/** Rules of relabeling that the Prometheus operator makes for an object. Source: prometheus-operator, pkg/prometheus/promcfg.go. */

import type { Fields } from '@vigie/kube/custom-objects/fields';
import * as v from 'valibot';

const texts = v.nullish(v.array(v.string()), []);

/** metav1.LabelSelector */
export const labelSelector = v.nullish(
  v.object({
    matchLabels: v.nullish(v.record(v.string(), v.string()), {}),
    matchExpressions: v.nullish(
      v.array(
        v.object({
          key: v.string(),
          operator: v.picklist(['In', 'NotIn', 'Exists', 'DoesNotExist']),
          values: texts,
        }),
      ),
      [],
    ),
  }),
  { matchLabels: {}, matchExpressions: [] },
);

export type LabelSelectorFields = v.InferOutput<typeof labelSelector>;

/** Objects' own rules. What they hold is checked where they are read as those of a job. */
export const relabelings = v.nullish(
  v.array(
    v.looseObject({
      sourceLabels: texts,
      separator: v.nullish(v.string()),
      targetLabel: v.nullish(v.string(), ''),
      regex: v.nullish(v.string(), ''),
      modulus: v.nullish(v.number(), 0),
      replacement: v.nullish(v.string()),
      action: v.nullish(v.string(), ''),
    }),
  ),
  [],
);

export function ownRules(written: v.InferOutput<typeof relabelings>): readonly Fields[] {
  return written.map(({ sourceLabels, separator, targetLabel, regex, modulus, replacement, action }) => ({
    ...(sourceLabels.length > 0 && { source_labels: sourceLabels }),
    ...(separator != null && { separator }),
    ...(targetLabel !== '' && { target_label: targetLabel }),
    ...(regex !== '' && { regex }),
    ...(modulus !== 0 && { modulus }),
    ...(replacement != null && { replacement }),
    ...(action !== '' && { action: action.toLowerCase() }),
  }));
}

/** The first of every job: its name stays to be had. */
export const JOB_NAME_RULE: Fields = { source_labels: ['job'], target_label: '__tmp_prometheus_job_name' };

export const RUNNING_RULE: Fields = {
  action: 'drop',
  source_labels: ['__meta_kubernetes_pod_phase'],
  regex: '(Failed|Succeeded)',
};

/** Targets of the objects that a selector picks. */
export function selectorRules(
  { matchLabels, matchExpressions }: LabelSelectorFields,
  role: 'service' | 'pod' | 'ingress',
): readonly Fields[] {
  const label = (key: string): string => `__meta_kubernetes_${role}_label_${labelName(key)}`;
  const present = (key: string): string => `__meta_kubernetes_${role}_labelpresent_${labelName(key)}`;
  const equal = Object.entries(matchLabels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({ action: 'keep', source_labels: [label(key), present(key)], regex: `(${value});true` }));
  const others = matchExpressions.map(({ key, operator, values }) => {
    const action = operator === 'In' || operator === 'Exists' ? 'keep' : 'drop';
    const isOfValues = operator === 'In' || operator === 'NotIn';
    return isOfValues
      ? { action, source_labels: [label(key), present(key)], regex: `(${values.join('|')});true` }
      : { action, source_labels: [present(key)], regex: 'true' };
  });
  return [...equal, ...others];
}

/** Labels of the object that go over to the target. */
export function carriedLabels(names: readonly string[], role: 'service' | 'pod'): readonly Fields[] {
  return names.map((name) => carriedLabel(name, role, labelName(name)));
}

/** @param target the label that it becomes */
export function carriedLabel(name: string, role: 'service' | 'pod', target: string): Fields {
  return {
    source_labels: [`__meta_kubernetes_${role}_label_${labelName(name)}`],
    target_label: target,
    regex: '(.+)',
    replacement: '${1}',
  };
}

export function keep(label: string, regex: string): Fields {
  return { action: 'keep', source_labels: [label], regex };
}

export function copied(label: string, target: string): Fields {
  return { source_labels: [label], target_label: target };
}

/** What a label cannot be called is `_` in it. */
function labelName(name: string): string {
  return name.replace(/[^a-zA-Z0-9_]/g, '_');
}
