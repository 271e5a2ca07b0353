/** Every query about the node agent. */
import { AGENT_METRICS } from '@vigie/node-agent/telemetry';
import { AGENT, bySource, logRuntimeQueries, SOURCE } from './log-runtime.ts';
import { by, byInstance, perSecond } from './promql.ts';
import type { Queries } from './query.ts';

export const nodeAgentQueries = {
  ...logRuntimeQueries,

  pods: by(['state'], `${AGENT_METRICS.pods.name}{${AGENT}}`),
  podSourcesDown: by(['from'], `${AGENT_METRICS.podSourceUp.name}{${AGENT}} == bool 0`),
  podSourceRequests: by(['from', 'kind'], perSecond(AGENT_METRICS.podSourceRequests.name, AGENT)),
  podSourceFailures: by(['from'], perSecond(AGENT_METRICS.podSourceFailures.name, AGENT)),
  podSourceBytes: by(['from'], perSecond(AGENT_METRICS.podSourceBytes.name, AGENT)),
  podCacheWrites: by(['result'], perSecond(AGENT_METRICS.podCacheWrites.name, AGENT)),
  metadataIncomplete: by(['source'], perSecond(AGENT_METRICS.metadataIncomplete.name, SOURCE)),
  metadataLeftOut: by(['source'], perSecond(AGENT_METRICS.metadataLeftOut.name, SOURCE)),
  annotationErrors: by(['source', 'reason'], perSecond(AGENT_METRICS.annotationErrors.name, SOURCE)),
  hostScrapes: byInstance(perSecond(AGENT_METRICS.hostScrapes.name, AGENT)),
  hostFailures: by(['collector', 'reason'], perSecond(AGENT_METRICS.hostCollectorFailures.name, AGENT)),
  excludedLogs: bySource(AGENT_METRICS.excludedLogs.name, 'excluded'),
} as const satisfies Queries;
