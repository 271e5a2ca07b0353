/** The sidecar's resources as they fit the pod: with them, the pod is admitted where it was without, and keeps its class of
 *  service. */
import { parseQuantity } from '@vigie/kube/parse-quantity';
import { type PodView, placedContainers } from './pod-view.ts';
import { RESOURCE_NAMES, type ResourceName, type Resources } from './resources.ts';

/** Enough for a busy sidecar; where every container has a limit, one without may be against the namespace's quota. */
const LIMITS: Readonly<Record<ResourceName, string>> = { cpu: '500m', memory: '128Mi', 'ephemeral-storage': '256Mi' };
const REQUESTS: Readonly<Record<ResourceName, string>> = { cpu: '10m', memory: '48Mi', 'ephemeral-storage': '64Mi' };
/** Where the limit is also the request, it is taken from the node whether it is used or not: this moves some 60 MB/s. */
const GUARANTEED_CPU = '100m';
/** What makes the class of service. */
const GUARANTEED = ['cpu', 'memory'] as const;

/** @param resources what the operator or the pod wants
 *  @returns none where the pod has resources as a whole, of which those of its containers are a part; else what is wanted,
 *  with a request and a limit of what every other container has one of, and in a pod of class Guaranteed with requests
 *  that are the limits */
export function fittedResources(resources: Resources, pod: PodView): Resources {
  const { requests: ofPod, limits: most } = pod.spec.resources ?? {};
  if (Object.keys({ ...ofPod, ...most }).length > 0) return {};
  const others = placedContainers(pod).map(({ container }) => container.resources ?? {});
  const requests = { ...resources.requests };
  const limits = { ...resources.limits };
  const isGuaranteed = others.every(({ requests: low, limits: high }) =>
    GUARANTEED.every((name) => high?.[name] !== undefined && isSame(low?.[name] ?? high[name], high[name])),
  );
  const ownLimits = isGuaranteed ? { ...LIMITS, cpu: GUARANTEED_CPU } : LIMITS;
  for (const name of RESOURCE_NAMES) {
    if (others.every((one) => one.limits?.[name] !== undefined)) {
      limits[name] ??= larger(ownLimits[name], requests[name]);
    }
    // Of a container with a limit and no request, that is the request.
    const haveRequests = others.every((one) => (one.requests?.[name] ?? one.limits?.[name]) !== undefined);
    if (haveRequests && limits[name] === undefined) requests[name] ??= REQUESTS[name];
  }
  if (isGuaranteed) for (const name of GUARANTEED) requests[name] = limits[name];
  return {
    ...(Object.keys(requests).length === 0 ? {} : { requests }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  };
}

function larger(one: string, other: string | undefined): string {
  return other !== undefined && (parseQuantity(other) ?? 0) > (parseQuantity(one) ?? 0) ? other : one;
}

function isSame(one: string | number, other: string | number): boolean {
  return parseQuantity(String(one)) === parseQuantity(String(other));
}
