/** Amounts of cpu, memory and other resources. Source: kube-state-metrics, internal/store/pod.go and node.go. */
import { parseQuantity } from '@vigie/kube/parse-quantity';
import { entriesAt } from './fields.ts';
import type { Labels, Sample } from './kind.ts';

export const RESOURCE_LABELS = ['resource', 'unit'];

/** A sample for each resource of a map such as `requests`.
 *  @param before labels before those of the resource */
export function resourceSamples(before: Labels, object: unknown, ...path: readonly string[]): readonly Sample[] {
  return entriesAt(object, ...path).flatMap(([resource, text]) => {
    const [unit, value] = [unitOf(resource), parseQuantity(text)];
    if (unit === undefined || value === undefined) return [];
    return [{ labels: [...before, ['resource', labelName(resource)], ['unit', unit]], value: rounded(value, unit) }];
  });
}

/** Upwards, to thousandths of a core or whole numbers of the rest. */
function rounded(value: number, unit: string): number {
  const parts = unit === 'core' ? 1000 : 1;
  return Math.ceil(Number((value * parts).toPrecision(15))) / parts;
}

/** @returns undefined for what kube-state-metrics leaves out */
function unitOf(resource: string): 'core' | 'byte' | 'integer' | undefined {
  if (resource === 'cpu') return 'core';
  if (resource === 'memory' || resource === 'storage' || resource === 'ephemeral-storage') return 'byte';
  if (resource === 'pods') return 'integer';
  if (resource.startsWith('hugepages-') || resource.startsWith('attachable-volumes-')) return 'byte';
  // Extended resources are called by a domain that is not Kubernetes' own.
  return resource.includes('/') && !resource.includes('kubernetes.io/') ? 'integer' : undefined;
}

/** `nvidia.com/gpu` as part of a label: `nvidia_com_gpu`. */
export function labelName(text: string): string {
  return text.replace(/[^a-zA-Z0-9_]/g, '_');
}
