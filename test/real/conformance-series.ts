/** Series that make the alerts of kube-prometheus true, by the alert's name. A line is a series and what it does: a value that stays, or one
 *  that changes by as much each quarter of a minute (`0+10`), or all its values, in the notation of unit tests. */

/** Labels of the jobs, as rules ask for them. */
const STATE = 'job="kube-state-metrics"';
const KUBELET = 'job="kubelet",metrics_path="/metrics",instance="k"';
const NODE = 'job="node-exporter",instance="n"';
const API = 'job="apiserver",instance="a"';
const DISK = `${NODE},device="/dev/vda1",fstype="ext4",mountpoint="/"`;
const CLAIM = `${KUBELET},namespace="shop",persistentvolumeclaim="db"`;
const POD = `${STATE},namespace="shop",pod="web-1"`;
const DEPLOYMENT = `${STATE},namespace="shop",deployment="web"`;
const STATEFUL = `${STATE},namespace="shop",statefulset="db"`;
const DAEMON = `${STATE},namespace="shop",daemonset="agent"`;
const HPA = `${STATE},namespace="shop",horizontalpodautoscaler="web"`;
const NODE_NAME = `kubelet_node_name{${KUBELET},node="a"} 1`;
const SCHEDULABLE = `kube_node_spec_unschedulable{${STATE},node="a"} 0`;

/** Alerts that fire while there is nothing: what they miss is given in the end. */
export const FIRE_WITHOUT_SERIES = ['KubeAPIDown', 'KubeControllerManagerDown', 'KubeSchedulerDown'];

/** Written in the end: they end those of FIRE_WITHOUT_SERIES. */
export const LAST_SERIES: Readonly<Record<string, readonly string[]>> = {
  KubeAPIInstanceUnreachable: [`up{${API}} 0`],
  KubeControllerManagerInstanceUnreachable: ['up{job="kube-controller-manager",instance="c"} 0'],
  KubeSchedulerInstanceUnreachable: ['up{job="kube-scheduler",instance="s"} 0'],
};

export const SERIES: Readonly<Record<string, readonly string[]>> = {
  KubeStateMetricsListErrors: errorsOf('kube_state_metrics_list_total'),
  KubeStateMetricsWatchErrors: errorsOf('kube_state_metrics_watch_total'),
  KubeStateMetricsShardingMismatch: [
    `kube_state_metrics_total_shards{${STATE},instance="a"} 1`,
    `kube_state_metrics_total_shards{${STATE},instance="b"} 2`,
  ],
  KubeStateMetricsShardsMissing: [
    `kube_state_metrics_total_shards{${STATE}} 2`,
    `kube_state_metrics_shard_ordinal{${STATE},shard_ordinal="0"} 0`,
  ],

  KubePodCrashLooping: [`kube_pod_container_status_waiting_reason{${POD},container="app",reason="CrashLoopBackOff"} 1`],
  KubePodNotReady: [
    `kube_pod_status_phase{${POD},phase="Pending"} 1`,
    `kube_pod_owner{${POD},owner_kind="ReplicaSet"} 1`,
  ],
  KubeContainerWaiting: [
    `kube_pod_container_status_waiting_reason{${POD},container="app",reason="ImagePullBackOff"} 1`,
  ],
  KubeDeploymentGenerationMismatch: [
    `kube_deployment_status_observed_generation{${DEPLOYMENT}} 1`,
    `kube_deployment_metadata_generation{${DEPLOYMENT}} 2`,
  ],
  KubeDeploymentReplicasMismatch: [
    `kube_deployment_spec_replicas{${DEPLOYMENT}} 3`,
    `kube_deployment_status_replicas_available{${DEPLOYMENT}} 1`,
    `kube_deployment_status_replicas_updated{${DEPLOYMENT}} 3`,
  ],
  KubeDeploymentRolloutStuck: [
    `kube_deployment_status_condition{${DEPLOYMENT},condition="Progressing",status="false"} 1`,
  ],
  KubeStatefulSetReplicasMismatch: [
    `kube_statefulset_status_replicas_ready{${STATEFUL}} 1`,
    `kube_statefulset_replicas{${STATEFUL}} 2`,
    `kube_statefulset_status_replicas_updated{${STATEFUL}} 1`,
  ],
  KubeStatefulSetGenerationMismatch: [
    `kube_statefulset_status_observed_generation{${STATEFUL}} 1`,
    `kube_statefulset_metadata_generation{${STATEFUL}} 2`,
  ],
  KubeStatefulSetUpdateNotRolledOut: [
    `kube_statefulset_status_current_revision{${STATEFUL},revision="1"} 1`,
    `kube_statefulset_status_update_revision{${STATEFUL},revision="2"} 1`,
    `kube_statefulset_replicas{${STATEFUL}} 2`,
    `kube_statefulset_status_replicas_updated{${STATEFUL}} 1`,
  ],
  KubeDaemonSetRolloutStuck: [
    `kube_daemonset_status_number_available{${DAEMON}} 1`,
    `kube_daemonset_status_desired_number_scheduled{${DAEMON}} 2`,
    `kube_daemonset_status_updated_number_scheduled{${DAEMON}} 2`,
  ],
  KubeDaemonSetNotScheduled: [
    `kube_daemonset_status_desired_number_scheduled{${DAEMON}} 2`,
    `kube_daemonset_status_current_number_scheduled{${DAEMON}} 1`,
  ],
  KubeDaemonSetMisScheduled: [`kube_daemonset_status_number_misscheduled{${DAEMON}} 1`],
  KubeJobNotCompleted: [
    `kube_job_status_start_time{${STATE},namespace="shop",job_name="report"} 1000`,
    `kube_job_status_active{${STATE},namespace="shop",job_name="report"} 1`,
  ],
  KubeJobFailed: [`kube_job_failed{${STATE},namespace="shop",job_name="report",condition="true"} 1`],
  KubeHpaReplicasMismatch: [
    `kube_horizontalpodautoscaler_status_desired_replicas{${HPA}} 5`,
    `kube_horizontalpodautoscaler_status_current_replicas{${HPA}} 3`,
    `kube_horizontalpodautoscaler_spec_min_replicas{${HPA}} 1`,
    `kube_horizontalpodautoscaler_spec_max_replicas{${HPA}} 10`,
  ],
  KubeHpaMaxedOut: [
    `kube_horizontalpodautoscaler_status_current_replicas{${HPA}} 5`,
    `kube_horizontalpodautoscaler_spec_min_replicas{${HPA}} 1`,
    `kube_horizontalpodautoscaler_spec_max_replicas{${HPA}} 5`,
  ],
  KubePdbNotEnoughHealthyPods: [
    `kube_poddisruptionbudget_status_desired_healthy{${STATE},namespace="shop",poddisruptionbudget="web"} 2`,
    `kube_poddisruptionbudget_status_current_healthy{${STATE},namespace="shop",poddisruptionbudget="web"} 1`,
  ],

  KubeCPUOvercommit: overcommitOf('cpu'),
  KubeMemoryOvercommit: overcommitOf('memory'),
  KubeCPUQuotaOvercommit: [...quota(100, undefined, 'cpu'), ...allocatable('cpu')],
  KubeMemoryQuotaOvercommit: [...quota(100, undefined, 'memory'), ...allocatable('memory')],
  KubeQuotaAlmostFull: quota(100, 95),
  KubeQuotaFullyUsed: quota(100, 100),
  KubeQuotaExceeded: quota(100, 110),
  CPUThrottlingHigh: ['throttled_periods', 'periods'].map(
    (what) =>
      `container_cpu_cfs_${what}_total{job="kubelet",metrics_path="/metrics/cadvisor",instance="k",namespace="shop",pod="web-1",container="app"} 0+${what === 'periods' ? 100 : 50}`,
  ),

  KubePersistentVolumeFillingUp: [
    `kubelet_volume_stats_available_bytes{${CLAIM}} 200-1`,
    `kubelet_volume_stats_capacity_bytes{${CLAIM}} 10000`,
    `kubelet_volume_stats_used_bytes{${CLAIM}} 9800`,
  ],
  KubePersistentVolumeInodesFillingUp: [
    `kubelet_volume_stats_inodes_free{${CLAIM}} 200-1`,
    `kubelet_volume_stats_inodes{${CLAIM}} 10000`,
    `kubelet_volume_stats_inodes_used{${CLAIM}} 9800`,
  ],
  KubePersistentVolumeErrors: [`kube_persistentvolume_status_phase{${STATE},persistentvolume="v",phase="Failed"} 1`],

  KubeVersionMismatch: [
    'kubernetes_build_info{job="apiserver",git_version="v1.35.1"} 1',
    'kubernetes_build_info{job="kubelet",git_version="v1.36.0"} 1',
  ],
  KubeClientErrors: ['200', '500'].map((code) => `rest_client_requests_total{${API},code="${code}"} 0+1`),
  KubeAPIErrorBudgetBurn: ['GET', 'POST'].flatMap((verb) => [
    `apiserver_request_total{${API},verb="${verb}",code="500"} 0+10`,
    ...[
      ['resource', '1'],
      ['namespace', '5'],
      ['cluster', '30'],
    ].flatMap(([scope, le]) => [
      `apiserver_request_sli_duration_seconds_count{${API},verb="${verb}",scope="${scope}"} 0+10`,
      `apiserver_request_sli_duration_seconds_bucket{${API},verb="${verb}",scope="${scope}",le="${le}"} 0+1`,
    ]),
  ]),
  KubeClientCertificateExpiration: [
    `apiserver_client_certificate_expiration_seconds_bucket{${API},le="3600"} 0+1`,
    `apiserver_client_certificate_expiration_seconds_bucket{${API},le="+Inf"} 0+1`,
    `apiserver_client_certificate_expiration_seconds_count{${API}} 0+1`,
  ],
  KubeAggregatedAPIErrors: [`aggregator_unavailable_apiservice_total{${API},name="v1beta1.metrics",reason="r"} 0+1`],
  KubeAggregatedAPIDown: [`aggregator_unavailable_apiservice{${API},name="v1beta1.metrics",namespace="default"} 1`],
  KubeAPITerminatedRequests: [
    `apiserver_request_terminations_total{${API}} 0+10`,
    `apiserver_request_total{${API},code="200"} 0+1`,
  ],

  KubeNodeNotReady: [readyOf('0'), SCHEDULABLE],
  KubeNodeReadinessFlapping: [readyOf('0x5 1x5 0x5 1x5 0x5 1x5 0'), SCHEDULABLE],
  KubeNodePressure: [
    `kube_node_status_condition{${STATE},node="a",condition="MemoryPressure",status="true"} 1`,
    SCHEDULABLE,
  ],
  KubeNodeUnreachable: [
    `kube_node_spec_taint{${STATE},node="a",key="node.kubernetes.io/unreachable",effect="NoSchedule"} 1`,
  ],
  KubeletTooManyPods: [
    `kubelet_running_pods{${KUBELET}} 109`,
    NODE_NAME,
    `kube_node_status_capacity{${STATE},node="a",resource="pods"} 110`,
  ],
  KubeNodeEviction: [`kubelet_evictions{${KUBELET},eviction_signal="memory.available"} 0+1`, NODE_NAME],
  KubeletPlegDurationHigh: [...slow('kubelet_pleg_relist_duration_seconds_bucket', ['10', '30']), NODE_NAME],
  KubeletPodStartUpLatencyHigh: [...slow('kubelet_pod_worker_duration_seconds_bucket', ['60', '120']), NODE_NAME],
  KubeletClientCertificateExpiration: [`kubelet_certificate_manager_client_ttl_seconds{${KUBELET}} 1000`],
  KubeletServerCertificateExpiration: [`kubelet_certificate_manager_server_ttl_seconds{${KUBELET}} 1000`],
  KubeletClientCertificateRenewalErrors: [`kubelet_certificate_manager_client_expiration_renew_errors{${KUBELET}} 0+1`],
  KubeletServerCertificateRenewalErrors: [`kubelet_server_expiration_renew_errors{${KUBELET}} 0+1`],
  KubeletInstanceUnreachable: [`up{${KUBELET}} 0`],
  KubeletDown: [`kube_node_info{${STATE},node="a"} 1`],

  NodeFilesystemSpaceFillingUp: disk('avail_bytes', 'size_bytes'),
  NodeFilesystemAlmostOutOfSpace: disk('avail_bytes', 'size_bytes'),
  NodeFilesystemFilesFillingUp: disk('files_free', 'files'),
  NodeFilesystemAlmostOutOfFiles: disk('files_free', 'files'),
  NodeNetworkReceiveErrs: network('receive'),
  NodeNetworkTransmitErrs: network('transmit'),
  NodeHighNumberConntrackEntriesUsed: [
    `node_nf_conntrack_entries{${NODE}} 80`,
    `node_nf_conntrack_entries_limit{${NODE}} 100`,
  ],
  NodeTextFileCollectorScrapeError: [`node_textfile_scrape_error{${NODE}} 1`],
  NodeClockSkewDetected: [`node_timex_offset_seconds{${NODE}} 0.1`],
  NodeClockNotSynchronising: [`node_timex_sync_status{${NODE}} 0`, `node_timex_maxerror_seconds{${NODE}} 20`],
  NodeRAIDDegraded: [
    `node_md_disks_required{${NODE},device="md0"} 2`,
    `node_md_disks{${NODE},device="md0",state="active"} 1`,
  ],
  NodeRAIDDiskFailure: [`node_md_disks{${NODE},device="md0",state="failed"} 1`],
  NodeFileDescriptorLimit: [`node_filefd_allocated{${NODE}} 95`, `node_filefd_maximum{${NODE}} 100`],
  NodeCPUHighUsage: [
    `node_cpu_seconds_total{${NODE},cpu="0",mode="user"} 0+15`,
    `node_cpu_seconds_total{${NODE},cpu="0",mode="idle"} 0`,
  ],
  NodeSystemSaturation: [`node_load1{${NODE}} 10`, `node_cpu_seconds_total{${NODE},cpu="0",mode="idle"} 0`],
  NodeMemoryMajorPagesFaults: [`node_vmstat_pgmajfault{${NODE}} 0+15000`],
  NodeMemoryHighUtilization: [`node_memory_MemAvailable_bytes{${NODE}} 5`, `node_memory_MemTotal_bytes{${NODE}} 100`],
  NodeDiskIOSaturation: [`node_disk_io_time_weighted_seconds_total{${NODE},device="sda"} 0+300`],
  NodeSystemdServiceFailed: [`node_systemd_unit_state{${NODE},name="x.service",state="failed"} 1`],
  NodeSystemdServiceCrashlooping: [`node_systemd_service_restart_total{${NODE},name="x.service"} 0+1`],
  NodeBondingDegraded: [
    `node_bonding_slaves{${NODE},master="bond0"} 2`,
    `node_bonding_active{${NODE},master="bond0"} 1`,
  ],
};

function errorsOf(metric: string): readonly string[] {
  return ['error', 'success'].map((result) => `${metric}{${STATE},result="${result}"} 0+1`);
}

function readyOf(values: string): string {
  return `kube_node_status_condition{${STATE},node="a",condition="Ready",status="true"} ${values}`;
}

function allocatable(resource: string): readonly string[] {
  return ['a', 'b'].map((node) => `kube_node_status_allocatable{${STATE},node="${node}",resource="${resource}"} 4`);
}

/** What pods ask for is recorded by rules of the same file. */
function overcommitOf(resource: string): readonly string[] {
  return [
    `kube_pod_container_resource_requests{${POD},container="app",node="a",resource="${resource}"} 20`,
    `kube_pod_status_phase{${POD},phase="Running"} 1`,
    ...allocatable(resource),
  ];
}

function quota(hard: number, used?: number, resource = 'pods'): readonly string[] {
  const labels = `${STATE},namespace="shop",resourcequota="q",resource="${resource}"`;
  const lines = [`kube_resourcequota{${labels},type="hard"} ${hard}`];
  return used === undefined ? lines : [...lines, `kube_resourcequota{${labels},type="used"} ${used}`];
}

/** All take longer than the first bound, and less than the second. */
function slow(metric: string, bounds: readonly [string, string]): readonly string[] {
  return [...bounds, '+Inf'].map(
    (le, index) => `${metric}{${KUBELET},operation_type="sync",le="${le}"} ${index === 0 ? '0' : '0+10'}`,
  );
}

/** Two percent are left, and go within four hours. */
function disk(free: string, all: string): readonly string[] {
  return [
    `node_filesystem_${free}{${DISK}} 2e9-1e7`,
    `node_filesystem_${all}{${DISK}} 1e11`,
    `node_filesystem_readonly{${DISK}} 0`,
  ];
}

function network(direction: string): readonly string[] {
  return ['errs', 'packets'].map(
    (what) => `node_network_${direction}_${what}_total{${NODE},device="eth0"} 0+${what === 'errs' ? 1 : 10}`,
  );
}
