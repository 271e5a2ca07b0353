/** The API groups that are served, and what each version of them is. */

export const RESOURCE_METRICS = 'metrics.k8s.io';
export const CUSTOM_METRICS = 'custom.metrics.k8s.io';
export const EXTERNAL_METRICS = 'external.metrics.k8s.io';

export type ApiGroup = typeof RESOURCE_METRICS | typeof CUSTOM_METRICS | typeof EXTERNAL_METRICS;
export type ApiVersion = 'v1beta1' | 'v1beta2';

/** The preferred version comes first. */
export const API_GROUPS: Readonly<Record<ApiGroup, readonly [ApiVersion, ...ApiVersion[]]>> = {
  [RESOURCE_METRICS]: ['v1beta1'],
  [CUSTOM_METRICS]: ['v1beta2', 'v1beta1'],
  [EXTERNAL_METRICS]: ['v1beta1'],
};

export const API_GROUP_NAMES: readonly ApiGroup[] = [RESOURCE_METRICS, CUSTOM_METRICS, EXTERNAL_METRICS];

export function isApiGroup(name: string): name is ApiGroup {
  return Object.hasOwn(API_GROUPS, name);
}

export function isVersionOf(group: ApiGroup, version: string): version is ApiVersion {
  return (API_GROUPS[group] as readonly string[]).includes(version);
}
