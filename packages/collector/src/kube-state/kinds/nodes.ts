/** Nodes. Source: kube-state-metrics, internal/store/node.go. */
import { entriesAt, listAt, textAt } from '../fields.ts';
import { RESOURCE_LABELS, resourceSamples } from '../resource-samples.ts';
import { CONDITION_LABELS, clusterWide, conditions, created, deleted, flagGauge, gauge, info } from '../samples.ts';

const ROLE_PREFIX = 'node-role.kubernetes.io/';
/** Labels by the fields of `status.nodeInfo`. */
const VERSIONS = [
  ['kernel_version', 'kernelVersion'],
  ['os_image', 'osImage'],
  ['container_runtime_version', 'containerRuntimeVersion'],
  ['kubelet_version', 'kubeletVersion'],
] as const;

export const nodes = clusterWide(
  {
    resource: 'nodes',
    goType: '*v1.Node',
    group: '',
    path: '/api/v1/nodes',
    prefix: 'kube_node',
    families: [
      gauge('kube_node_info', 'Information about a cluster node.', (node) => info(infoOf(node)), [
        ...VERSIONS.map(([label]) => label),
        'kubeproxy_version',
        'provider_id',
        'pod_cidr',
        'system_uuid',
        'internal_ip',
      ]),
      created('kube_node'),
      deleted('kube_node'),
      gauge(
        'kube_node_role',
        'The role of a cluster node.',
        (node) =>
          entriesAt(node, 'metadata', 'labels').flatMap(([key]) =>
            key.startsWith(ROLE_PREFIX) ? info([['role', key.slice(ROLE_PREFIX.length)]]) : [],
          ),
        ['role'],
      ),
      gauge(
        'kube_node_spec_taint',
        'The taint of a cluster node.',
        (node) =>
          listAt(node, 'spec', 'taints').flatMap((taint) =>
            info((['key', 'value', 'effect'] as const).map((name) => [name, textAt(taint, name)] as const)),
          ),
        ['key', 'value', 'effect'],
      ),
      flagGauge('kube_node_spec_unschedulable', 'Whether a node can schedule new pods.', 'spec', 'unschedulable'),
      gauge(
        'kube_node_status_allocatable',
        'The allocatable for different resources of a node that are available for scheduling.',
        (node) => resourceSamples([], node, 'status', 'allocatable'),
        RESOURCE_LABELS,
      ),
      gauge(
        'kube_node_status_capacity',
        'The capacity for different resources of a node.',
        (node) => resourceSamples([], node, 'status', 'capacity'),
        RESOURCE_LABELS,
      ),
      gauge('kube_node_status_condition', 'The condition of a cluster node.', conditions, CONDITION_LABELS),
      gauge(
        'kube_node_status_addresses',
        'Node address information.',
        (node) =>
          listAt(node, 'status', 'addresses').flatMap((entry) =>
            info([
              ['type', textAt(entry, 'type')],
              ['address', textAt(entry, 'address')],
            ]),
          ),
        ['type', 'address'],
      ),
    ],
  },
  'node',
);

function infoOf(node: unknown) {
  const internal = listAt(node, 'status', 'addresses').find((entry) => textAt(entry, 'type') === 'InternalIP');
  return [
    ...VERSIONS.map(([label, field]) => [label, textAt(node, 'status', 'nodeInfo', field)] as const),
    // Kubelets no longer know it.
    ['kubeproxy_version', 'deprecated'] as const,
    ['provider_id', textAt(node, 'spec', 'providerID')] as const,
    ['pod_cidr', textAt(node, 'spec', 'podCIDR')] as const,
    ['system_uuid', textAt(node, 'status', 'nodeInfo', 'systemUUID')] as const,
    ['internal_ip', textAt(internal, 'address')] as const,
  ];
}
