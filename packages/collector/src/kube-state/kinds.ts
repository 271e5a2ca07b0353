/** Every kind of object that is told of. */
import type { Kind } from './kind.ts';
import { horizontalpodautoscalers } from './kinds/autoscalers.ts';
import { cronjobs, jobs } from './kinds/jobs.ts';
import { endpoints, endpointslices, ingresses, services } from './kinds/network.ts';
import { nodes } from './kinds/nodes.ts';
import { pods } from './kinds/pods.ts';
import { limitranges, namespaces, poddisruptionbudgets, resourcequotas } from './kinds/policy.ts';
import { daemonsets, deployments, replicasets, statefulsets } from './kinds/replicated.ts';
import { persistentvolumeclaims, persistentvolumes, storageclasses } from './kinds/storage.ts';

export const KINDS: readonly Kind[] = [
  cronjobs,
  daemonsets,
  deployments,
  endpoints,
  endpointslices,
  horizontalpodautoscalers,
  ingresses,
  jobs,
  limitranges,
  namespaces,
  nodes,
  persistentvolumeclaims,
  persistentvolumes,
  poddisruptionbudgets,
  pods,
  replicasets,
  resourcequotas,
  services,
  statefulsets,
  storageclasses,
];
