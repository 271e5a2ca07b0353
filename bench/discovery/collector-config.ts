/** What the collector of the benchmark does in its cluster. */

export const PARTS = ['discovery', 'with the metrics APIs'] as const;
export type Parts = (typeof PARTS)[number];

/** The jobs are those that a collector in a cluster has by default. */
const JOBS = `
global: { scrape_interval: 15s, scrape_timeout: 10s }
scrape_configs:
  - job_name: pods
    kubernetes_sd_configs: [{ role: pod }]
    relabel_configs:
      - { source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_scrape], regex: 'true', action: keep }
      - { source_labels: [__meta_kubernetes_pod_phase], regex: Pending|Succeeded|Failed|Completed, action: drop }
      - source_labels: [__meta_kubernetes_pod_container_name]
        regex: web
        action: keep
      - source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_path]
        regex: (.+)
        target_label: __metrics_path__
      - source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_port, __meta_kubernetes_pod_ip]
        regex: (\\d+);((([0-9]+?)(\\.|$)){4})
        replacement: $2:$1
        target_label: __address__
      - { regex: __meta_kubernetes_pod_label_(.+), action: labelmap }
      - { source_labels: [__meta_kubernetes_namespace], target_label: namespace }
      - { source_labels: [__meta_kubernetes_pod_name], target_label: pod }
      - { source_labels: [__meta_kubernetes_pod_node_name], target_label: node }
  - job_name: services
    kubernetes_sd_configs: [{ role: endpointslice }]
    relabel_configs:
      - { source_labels: [__meta_kubernetes_service_annotation_prometheus_io_scrape], regex: 'true', action: keep }
`;

const METRICS_API = `
metrics_api: { listen: '127.0.0.1:0', auth: none, self_signed: { service: vigie-collector } }
`;

export function collectorYaml(parts: Parts): string {
  switch (parts) {
    case 'discovery':
      return JOBS;
    case 'with the metrics APIs':
      return JOBS + METRICS_API;
  }
}
