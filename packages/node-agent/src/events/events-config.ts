import { section, text } from '@vigie/core/config/fields';
import type { ConfigPath } from '@vigie/core/config/problem';
import * as v from 'valibot';

/** A source of type kubernetes_events: what the cluster reports of its objects, read by one agent of all. */
export const kubernetesEventsSchema = section({
  type: v.literal('kubernetes_events'),
  /** None: of all. */
  namespaces: v.optional(v.array(text()), []),
  lease: v.optional(
    section({
      /** Default: the agent's own. */
      namespace: v.optional(text()),
      name: v.optional(text(), 'vigie-events'),
    }),
    {},
  ),
  /** Where reading begins when no agent has read before. */
  read_from: v.optional(v.picklist(['beginning', 'end']), 'beginning'),
});

export type KubernetesEventsConfig = v.InferOutput<typeof kubernetesEventsSchema>;

/** Two sources of one Lease would never read both: one of them leads, and the other waits for it.
 *  @param sources those of other types are passed over */
export function leaseProblems(
  sources: Readonly<Record<string, { readonly type: string } | KubernetesEventsConfig>>,
): { readonly path: ConfigPath; readonly expected: string }[] {
  const holders = new Map<string, string>();
  return Object.entries(sources).flatMap(([name, source]) => {
    if (!isEvents(source)) return [];
    // Without a namespace it is the agent's own, which is not known before it runs.
    const lease = JSON.stringify([source.lease.namespace, source.lease.name]);
    const holder = holders.get(lease);
    if (holder === undefined) {
      holders.set(lease, name);
      return [];
    }
    const expected = `a Lease of its own, as the source ${holder} has this one (${source.lease.name})`;
    return [{ path: ['sources', name, 'lease', 'name'], expected }];
  });
}

function isEvents(source: { readonly type: string } | KubernetesEventsConfig): source is KubernetesEventsConfig {
  return source.type === 'kubernetes_events';
}
