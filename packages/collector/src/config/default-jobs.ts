/** The jobs of a collector in a cluster whose configuration has none: annotated pods and services, the kubelets, and Vigie's own parts. */
import { AS_WRITTEN } from '@vigie/core/config/environment';
import { section } from '@vigie/core/config/fields';
import { Findings } from '@vigie/core/config/findings';
import { parseConfig } from '@vigie/core/config/load';
import { bug } from '@vigie/core/errors';
import type { ScrapeConfig } from './collector-config.ts';
import { readScrapes, type ScrapeGlobals, scrapeSections } from './scrape-section.ts';

/** The label `job` of what kubelets tell. */
export const KUBELET_JOB = 'kubelet';

/** As they would stand in a prometheus.yml. The first two are those of Prometheus' Helm chart; the kubelets are asked directly, as
 *  kube-prometheus does it, because their certificates are mostly their own. */
const DEFAULT_JOBS = `
scrape_configs:
  - job_name: kubernetes-pods
    kubernetes_sd_configs: [{ role: pod }]
    relabel_configs:
      - { source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_scrape], regex: 'true', action: keep }
      - { source_labels: [__meta_kubernetes_pod_phase], regex: Pending|Succeeded|Failed|Completed, action: drop }
      - { source_labels: [__meta_kubernetes_pod_container_init], regex: 'true', action: drop }
      # Those have a job of their own.
      - { source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_part_of], regex: vigie, action: drop }
      - source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_scheme]
        regex: (https?)
        target_label: __scheme__
      - source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_path]
        regex: (.+)
        target_label: __metrics_path__
      - source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_port, __meta_kubernetes_pod_ip]
        regex: (\\d+);(([A-Fa-f0-9]{1,4}::?){1,7}[A-Fa-f0-9]{1,4})
        replacement: '[$2]:$1'
        target_label: __address__
      - source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_port, __meta_kubernetes_pod_ip]
        regex: (\\d+);((([0-9]+?)(\\.|$)){4})
        replacement: $2:$1
        target_label: __address__
      - { regex: __meta_kubernetes_pod_annotation_prometheus_io_param_(.+), replacement: __param_$1, action: labelmap }
      - { regex: __meta_kubernetes_pod_label_(.+), action: labelmap }
      - { source_labels: [__meta_kubernetes_namespace], target_label: namespace }
      - { source_labels: [__meta_kubernetes_pod_name], target_label: pod }
      - { source_labels: [__meta_kubernetes_pod_node_name], target_label: node }

  - job_name: kubernetes-service-endpoints
    kubernetes_sd_configs: [{ role: endpointslice }]
    relabel_configs:
      - { source_labels: [__meta_kubernetes_service_annotation_prometheus_io_scrape], regex: 'true', action: keep }
      - source_labels: [__meta_kubernetes_service_annotation_prometheus_io_scheme]
        regex: (https?)
        target_label: __scheme__
      - source_labels: [__meta_kubernetes_service_annotation_prometheus_io_path]
        regex: (.+)
        target_label: __metrics_path__
      - source_labels: [__address__, __meta_kubernetes_service_annotation_prometheus_io_port]
        regex: (.+?)(?::\\d+)?;(\\d+)
        replacement: $1:$2
        target_label: __address__
      - { regex: __meta_kubernetes_service_annotation_prometheus_io_param_(.+), replacement: __param_$1, action: labelmap }
      - { regex: __meta_kubernetes_service_label_(.+), action: labelmap }
      - { source_labels: [__meta_kubernetes_namespace], target_label: namespace }
      - { source_labels: [__meta_kubernetes_service_name], target_label: service }
      - { source_labels: [__meta_kubernetes_pod_name], target_label: pod }
      - { source_labels: [__meta_kubernetes_endpointslice_endpoint_node_name], target_label: node }

  - job_name: kubelet-resource
    honor_labels: true
    track_timestamps_staleness: true
    scheme: https
    metrics_path: /metrics/resource
    authorization: &token { credentials_file: /var/run/secrets/kubernetes.io/serviceaccount/token }
    tls_config: &kubelet { insecure_skip_verify: true }
    kubernetes_sd_configs: [{ role: node }]
    relabel_configs: &node
      - { target_label: job, replacement: ${KUBELET_JOB} }
      - { source_labels: [__metrics_path__], target_label: metrics_path }
      - { source_labels: [__meta_kubernetes_node_name], target_label: node }

  - job_name: kubelet
    honor_labels: true
    scheme: https
    authorization: *token
    tls_config: *kubelet
    kubernetes_sd_configs: [{ role: node }]
    relabel_configs: *node
    # Of some thousand series, those that rules ask for: volumes, certificates, evictions.
    metric_relabel_configs:
      - source_labels: [__name__]
        regex: kubelet_(volume_stats_.+|certificate_manager_.+|server_expiration_.+|evictions|node_name|running_pods|running_containers)
        action: keep

  - job_name: kubelet-cadvisor
    honor_labels: true
    honor_timestamps: false
    scheme: https
    metrics_path: /metrics/cadvisor
    authorization: *token
    tls_config: *kubelet
    kubernetes_sd_configs: [{ role: node }]
    relabel_configs: *node

  - job_name: kubelet-summary
    honor_labels: true
    scheme: https
    metrics_path: /stats/summary
    authorization: *token
    tls_config: *kubelet
    kubernetes_sd_configs: [{ role: node }]
    relabel_configs: *node
    # What pods take of the disk. How large it is, each of them says too: once a node is enough.
    metric_relabel_configs:
      - source_labels: [__name__]
        regex: kube_summary_(?:node_runtime_imagefs_.+|(?:container_(?:logs|rootfs)|pod_(?:ephemeral|volume)_storage)_used_bytes)
        action: keep

  - job_name: vigie
    kubernetes_sd_configs: [{ role: pod, selectors: [{ role: pod, label: app.kubernetes.io/part-of=vigie }] }]
    relabel_configs:
      - { source_labels: [__meta_kubernetes_pod_container_port_name], regex: http, action: keep }
      - { source_labels: [__meta_kubernetes_namespace], target_label: namespace }
      - { source_labels: [__meta_kubernetes_pod_name], target_label: pod }
      - { source_labels: [__meta_kubernetes_pod_node_name], target_label: node }

  - job_name: vigie-logs
    honor_labels: true
    metrics_path: /metrics/logs
    kubernetes_sd_configs: &agents
      - role: pod
        selectors: [{ role: pod, label: app.kubernetes.io/name=vigie-node-agent }]
    relabel_configs:
      - { source_labels: [__meta_kubernetes_pod_container_port_name], regex: http, action: keep }
      - { source_labels: [__meta_kubernetes_pod_node_name], target_label: node }

  - job_name: node-exporter
    honor_labels: true
    metrics_path: /metrics/node
    kubernetes_sd_configs: *agents
    relabel_configs:
      - { source_labels: [__meta_kubernetes_pod_container_port_name], regex: http, action: keep }
      - { source_labels: [__meta_kubernetes_pod_node_name], target_label: instance }
      - { source_labels: [__meta_kubernetes_pod_node_name], target_label: node }
`;

/** Answered within the process: nothing listens under this name. */
export const KUBE_STATE_URL = 'http://kube-state/metrics';

export const KUBE_STATE_JOB_NAME = 'kube-state-metrics';

const KUBE_STATE_JOB = `
scrape_configs:
  - job_name: ${KUBE_STATE_JOB_NAME}
    honor_labels: true
    static_configs: [{ targets: [kube-state] }]
`;

const schema = section({ scrape_configs: scrapeSections });

/** With the intervals and limits of `global`. */
export function defaultScrapes(globals: ScrapeGlobals): readonly ScrapeConfig[] {
  return ownScrapes(DEFAULT_JOBS, globals);
}

/** The same of the state of the cluster's objects, which has a limit of its own: those of `global` are about programs that may go wild. */
export function kubeStateScrapes(globals: ScrapeGlobals): readonly ScrapeConfig[] {
  return ownScrapes(KUBE_STATE_JOB, globals).map((scrape) => ({
    ...scrape,
    limits: { ...scrape.limits, samples: undefined },
  }));
}

function ownScrapes(yaml: string, globals: ScrapeGlobals): readonly ScrapeConfig[] {
  const { value, ...at } = parseConfig(yaml, 'default-jobs', schema, AS_WRITTEN);
  const findings = new Findings(at);
  const context = { findings, folder: '/' };
  const scrapes = readScrapes(
    value.scrape_configs ?? [],
    ['scrape_configs'],
    context,
    globals,
    'default-jobs',
    new Map(),
  );
  const [problem] = findings.problems;
  if (problem !== undefined) throw bug(`a job of its own: ${problem.path.join('.')} expects ${problem.expected}`);
  return scrapes;
}
