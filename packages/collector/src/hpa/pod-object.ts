/** A pod as the API has it, as far as the HPA controller looks at it. */
import * as v from 'valibot';
import type { HpaPod } from './hpa-pod.ts';
import { quantityMilli } from './quantity-milli.ts';

const requests = v.pipe(
  v.nullish(v.object({ requests: v.nullish(v.record(v.string(), v.union([v.string(), v.number()]))) })),
  v.transform((resources): Readonly<Record<string, number>> | undefined => {
    if (resources?.requests == null) return undefined;
    const milli = Object.entries(resources.requests).map(
      ([name, text]) => [name, quantityMilli(String(text))] as const,
    );
    return Object.fromEntries(milli.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  }),
);
const time = v.pipe(
  v.nullish(v.string()),
  v.transform((text) => (text == null ? undefined : Date.parse(text))),
);
const container = v.object({ name: v.string(), resources: requests, restartPolicy: v.nullish(v.string()) });

/** @returns HpaPod; a phase that is none of Kubernetes' is Unknown */
export const podSchema = v.pipe(
  v.object({
    metadata: v.object({ name: v.string(), deletionTimestamp: v.nullish(v.string()) }),
    spec: v.object({
      containers: v.array(container),
      initContainers: v.nullish(v.array(container), []),
      resources: requests,
    }),
    status: v.object({
      phase: v.fallback(v.picklist(['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown']), 'Unknown'),
      startTime: time,
      conditions: v.nullish(v.array(v.object({ type: v.string(), status: v.string(), lastTransitionTime: time })), []),
    }),
  }),
  v.transform(({ metadata, spec, status }): HpaPod => {
    const ready = status.conditions.find(({ type }) => type === 'Ready');
    const running = spec.initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always');
    return {
      name: metadata.name,
      phase: status.phase,
      isDeleted: metadata.deletionTimestamp != null,
      startedAtMs: status.startTime,
      ready:
        ready === undefined
          ? undefined
          : { status: statusOf(ready.status), changedAtMs: ready.lastTransitionTime ?? 0 },
      containers: [...spec.containers, ...running].map(({ name, resources }) => ({ name, requests: resources ?? {} })),
      podRequests: spec.resources,
    };
  }),
);

function statusOf(text: string): NonNullable<HpaPod['ready']>['status'] {
  return text === 'True' || text === 'False' ? text : 'Unknown';
}
