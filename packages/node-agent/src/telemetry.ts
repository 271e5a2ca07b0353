/** Every metric the node agent exposes. */

import type { MetricDefinition } from '@vigie/core/telemetry';
import { RUNTIME_METRICS } from '@vigie/log-pipeline/agent/telemetry';

/** What it counts of the pods of its node. */
const POD_METRICS = {
  pods: {
    name: 'vigie_agent_pods',
    type: 'gauge',
    help: 'Pods known: live, or gone with their logs not yet read or only just.',
    labels: ['state'],
  },
  podSourceUp: {
    name: 'vigie_agent_pod_source_up',
    type: 'gauge',
    help: '1 while the API server, or the kubelet, tells of the pods of this node.',
    labels: ['from'],
  },
  podSourceRequests: {
    name: 'vigie_agent_pod_source_requests_total',
    type: 'counter',
    help: 'Lists and watches of pods and namespaces begun.',
    labels: ['from', 'kind'],
  },
  podSourceFailures: {
    name: 'vigie_agent_pod_source_failures_total',
    type: 'counter',
    help: 'Lists and watches that failed or were refused.',
    labels: ['from'],
  },
  podSourceBytes: {
    name: 'vigie_agent_pod_source_received_bytes_total',
    type: 'counter',
    help: 'Bytes of lists and watches received.',
    labels: ['from'],
  },
  podCacheWrites: {
    name: 'vigie_agent_pod_cache_writes_total',
    type: 'counter',
    help: 'Pod caches written, by result.',
    labels: ['result'],
  },
  metadataIncomplete: {
    name: 'vigie_agent_metadata_incomplete_total',
    type: 'counter',
    help: 'Container logs begun with no more than what their paths say, because nothing was known of the pod in time.',
    labels: ['source'],
  },
  metadataLeftOut: {
    name: 'vigie_agent_metadata_left_out_total',
    type: 'counter',
    help: 'Labels, annotations and images left out because they are too long for every record.',
    labels: ['source'],
  },
  annotationErrors: {
    name: 'vigie_agent_annotation_errors_total',
    type: 'counter',
    help: 'Annotations of pods that ask for something that is not done, by reason.',
    labels: ['source', 'reason'],
  },
  excludedLogs: {
    name: 'vigie_agent_excluded_logs',
    type: 'gauge',
    help: 'Container logs that an annotation of their pod leaves out, in whole or in part.',
    labels: ['source'],
  },
} as const satisfies Record<string, MetricDefinition>;

/** What it counts of /metrics/node. */
const HOST_METRICS = {
  hostScrapes: {
    name: 'vigie_agent_host_metrics_scrapes_total',
    type: 'counter',
    help: 'Pages of /metrics/node made.',
    labels: [],
  },
  hostCollectorFailures: {
    name: 'vigie_agent_host_metrics_collector_failures_total',
    type: 'counter',
    help: 'Collectors of the host whose metrics are missing from a page, by reason: error, timeout, or hanging since an earlier one.',
    labels: ['collector', 'reason'],
  },
} as const satisfies Record<string, MetricDefinition>;

export const AGENT_METRICS = { ...RUNTIME_METRICS, ...POD_METRICS, ...HOST_METRICS };
