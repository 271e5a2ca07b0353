import { section, text } from '@vigie/core/config/fields';
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
