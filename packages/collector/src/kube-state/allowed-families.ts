/** Labels and annotations of objects as labels of a metric, those that somebody asks for. Source: kube-state-metrics,
 *  internal/store/utils.go (createPrometheusLabelKeysValues). */
import { entriesAt } from './fields.ts';
import type { Family, Kind, Labels } from './kind.ts';
import { gauge, info } from './samples.ts';

/** Keys by resource; `*` stands for all keys. */
export type Allowed = Readonly<Record<string, readonly string[]>>;

export interface AllowedMetadata {
  readonly labels: Allowed;
  readonly annotations: Allowed;
}

/** `kube_pod_labels` and the like; none for what nobody asks for. */
export function allowedFamilies(
  { resource, prefix }: Kind,
  { labels, annotations }: AllowedMetadata,
): readonly Family[] {
  return [
    ...allowedFamily(prefix, 'label', labels[resource] ?? []),
    ...allowedFamily(prefix, 'annotation', annotations[resource] ?? []),
  ];
}

function allowedFamily(prefix: string, what: 'label' | 'annotation', keys: readonly string[]): readonly Family[] {
  if (keys.length === 0) return [];
  const help = `Kubernetes ${what}s converted to Prometheus labels.`;
  return [gauge(`${prefix}_${what}s`, help, (object) => info(kept(object, what, keys)))];
}

function kept(object: unknown, what: 'label' | 'annotation', keys: readonly string[]): Labels {
  const counts = new Map<string, number>();
  const isAllowed = (key: string): boolean => keys.includes('*') || keys.includes(key);
  const entries = entriesAt(object, 'metadata', `${what}s`).filter(([key]) => isAllowed(key));
  const named = entries.map(([key, value]) => [`${what}_${metricLabel(key)}`, value] as const);
  for (const [name] of named) counts.set(name, (counts.get(name) ?? 0) + 1);
  const numbers = new Map<string, number>();
  return named.map(([name, value]) => {
    // What becomes equal is told apart by a number.
    if ((counts.get(name) ?? 0) < 2) return [name, value];
    const number = (numbers.get(name) ?? 0) + 1;
    numbers.set(name, number);
    return [`${name}_conflict${number}`, value];
  });
}

/** `app.kubernetes.io/partOf` to `app_kubernetes_io_part_of`. */
function metricLabel(key: string): string {
  return key
    .replace(/[^a-zA-Z0-9_]/g, '_')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
