/** ServiceMonitor: endpoints of services. Source: prometheus-operator, generateServiceMonitorConfig. */

import { CLIENT_FIELDS, CLIENT_KEYS, clientEntries, writtenClient } from '@vigie/kube/custom-objects/client-fields';
import { type Fields, renamed } from '@vigie/kube/custom-objects/fields';
import * as v from 'valibot';
import {
  attachMetadata,
  describeIssues,
  ENDPOINT_KEYS,
  givenPort,
  kubernetesDiscovery,
  LIMIT_KEYS,
  labelNames,
  limitFields,
  lowerCase,
  namespaceSelector,
  type ObjectContext,
  portName,
  targetPort,
} from './job-fields.ts';
import {
  carriedLabel,
  carriedLabels,
  copied,
  JOB_NAME_RULE,
  keep,
  labelSelector,
  ownRules,
  RUNNING_RULE,
  relabelings,
  selectorRules,
} from './relabelings.ts';
import { leftOver, type ObjectJobs, pathsOf, type WrittenJob } from './written-job.ts';

const endpointEntries = {
  port: portName,
  targetPort,
  scheme: lowerCase,
  honorLabels: v.nullish(v.boolean(), false),
  filterRunning: v.nullish(v.boolean(), true),
  relabelings,
  metricRelabelings: relabelings,
  ...clientEntries,
};
const specEntries = {
  jobLabel: v.nullish(v.string(), ''),
  targetLabels: labelNames,
  podTargetLabels: labelNames,
  selector: labelSelector,
  namespaceSelector,
  attachMetadata,
  serviceDiscoveryRole: v.nullish(v.picklist(['Endpoints', 'EndpointSlice'])),
  /** How targets are picked, which changes nothing in which. */
  selectorMechanism: v.nullish(v.string()),
  endpoints: v.nullish(v.array(v.looseObject(endpointEntries)), []),
};
const specSchema = v.looseObject(specEntries);

type Spec = v.InferOutput<typeof specSchema>;
type Endpoint = Spec['endpoints'][number];

export function serviceMonitorJobs(written: unknown, context: ObjectContext): ObjectJobs {
  const decoded = v.safeParse(specSchema, written ?? {});
  if (!decoded.success) return { status: 'refused', problems: describeIssues(decoded.issues) };
  const spec = decoded.output;
  const warnings = [
    ...leftOver(spec, 'spec', [...Object.keys(specEntries), ...Object.values(LIMIT_KEYS)]),
    ...spec.endpoints.flatMap((endpoint, index) =>
      leftOver(endpoint, `spec.endpoints[${index}]`, [
        ...Object.keys(endpointEntries),
        ...Object.values(ENDPOINT_KEYS),
        ...CLIENT_FIELDS,
      ]),
    ),
  ];
  const jobs = spec.endpoints.map((endpoint, index) => endpointJob(spec, endpoint, index, context));
  return { status: 'jobs', jobs, warnings };
}

function endpointJob(spec: Spec, endpoint: Endpoint, index: number, context: ObjectContext): WrittenJob {
  const { namespace, name, serviceDiscoveryRole } = context;
  const path = `spec.endpoints[${index}]`;
  const role = spec.serviceDiscoveryRole?.toLowerCase() ?? serviceDiscoveryRole;
  const generated = generatedRules(spec, endpoint, role);
  const metricRules = ownRules(endpoint.metricRelabelings);
  return {
    job: {
      job_name: `serviceMonitor/${namespace}/${name}/${index}`,
      honor_labels: endpoint.honorLabels,
      ...kubernetesDiscovery(role, spec.namespaceSelector, namespace, spec.attachMetadata),
      ...renamed(endpoint, ENDPOINT_KEYS),
      ...(endpoint.scheme !== '' && { scheme: endpoint.scheme }),
      ...writtenClient(endpoint, path, context),
      relabel_configs: [...generated, ...ownRules(endpoint.relabelings)],
      ...limitFields(spec),
      ...(metricRules.length > 0 && { metric_relabel_configs: metricRules }),
    },
    origin: {
      path,
      keys: {
        ...pathsOf('spec', LIMIT_KEYS),
        ...pathsOf(path, { ...ENDPOINT_KEYS, ...CLIENT_KEYS }),
        ...pathsOf(path, { relabel_configs: 'relabelings', metric_relabel_configs: 'metricRelabelings' }),
        kubernetes_sd_configs: 'spec.namespaceSelector',
      },
      generatedRules: generated.length,
    },
  };
}

function generatedRules(spec: Spec, endpoint: Endpoint, role: string): readonly Fields[] {
  const meta = role === 'endpoints' ? '__meta_kubernetes_endpoint' : '__meta_kubernetes_endpointslice';
  const { port } = endpoint;
  const target = port === '' ? givenPort(endpoint.targetPort) : undefined;
  const picked =
    port !== ''
      ? [keep(`${meta}_port_name`, port)]
      : target === undefined
        ? []
        : [
            keep(
              `__meta_kubernetes_pod_container_port_${typeof endpoint.targetPort === 'string' ? 'name' : 'number'}`,
              target,
            ),
          ];
  const endpointLabel = port === '' ? target : port;
  return [
    JOB_NAME_RULE,
    ...selectorRules(spec.selector, 'service'),
    ...picked,
    addressed(meta, 'Node', 'node'),
    addressed(meta, 'Pod', 'pod'),
    copied('__meta_kubernetes_namespace', 'namespace'),
    copied('__meta_kubernetes_service_name', 'service'),
    copied('__meta_kubernetes_pod_name', 'pod'),
    copied('__meta_kubernetes_pod_container_name', 'container'),
    ...(endpoint.filterRunning ? [RUNNING_RULE] : []),
    ...carriedLabels(spec.targetLabels, 'service'),
    ...carriedLabels(spec.podTargetLabels, 'pod'),
    { ...copied('__meta_kubernetes_service_name', 'job'), replacement: '${1}' },
    ...(spec.jobLabel === '' ? [] : [carriedLabel(spec.jobLabel, 'service', 'job')]),
    ...(endpointLabel === undefined ? [] : [{ target_label: 'endpoint', replacement: endpointLabel }]),
  ];
}

/** The name of what stands behind an address, where it is of that kind. */
function addressed(meta: string, kind: string, label: string): Fields {
  return {
    source_labels: [`${meta}_address_target_kind`, `${meta}_address_target_name`],
    separator: ';',
    regex: `${kind};(.*)`,
    replacement: '${1}',
    target_label: label,
  };
}
