/** What pods request of a resource. Source: kubernetes v1.36.3, replica_calculator.go, calculateRequests. Pure. */
import type { HpaPod } from './hpa-pod.ts';

export type PodRequests =
  | { readonly status: 'ok'; readonly milliOf: ReadonlyMap<string, number> }
  | { readonly status: 'error'; readonly message: string };

/** @param container '' for whole pods */
export function podRequests(pods: readonly HpaPod[], resource: string, container: string): PodRequests {
  const milliOf = new Map<string, number>();
  for (const pod of pods) {
    const request = requestOf(pod, resource, container);
    if (typeof request === 'string') return { status: 'error', message: request };
    milliOf.set(pod.name, request);
  }
  return { status: 'ok', milliOf };
}

/** @returns thousandths, or what is wrong */
function requestOf(pod: HpaPod, resource: string, container: string): number | string {
  if (pod.podRequests !== undefined && container === '')
    return pod.podRequests[resource] ?? `missing pod-level request for ${resource} in Pod ${pod.name}`;
  let milli = 0;
  for (const { name, requests } of pod.containers) {
    if (container !== '' && container !== name) continue;
    const own = requests[resource];
    if (own === undefined) return `missing request for ${resource} in container ${name} of Pod ${pod.name}`;
    milli += own;
    if (container === name) return milli;
  }
  return container === '' ? milli : `container ${container} not found in Pod ${pod.name}`;
}
