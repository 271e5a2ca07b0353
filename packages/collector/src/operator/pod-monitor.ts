/** PodMonitor: ports of pods. Source: prometheus-operator, generatePodMonitorConfig. */

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
  portNumber: v.nullish(v.number(), 0),
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
  podTargetLabels: labelNames,
  selector: labelSelector,
  namespaceSelector,
  attachMetadata,
  /** How targets are picked, which changes nothing in which. */
  selectorMechanism: v.nullish(v.string()),
  podMetricsEndpoints: v.nullish(v.array(v.looseObject(endpointEntries)), []),
};
const specSchema = v.looseObject(specEntries);

type Spec = v.InferOutput<typeof specSchema>;
type Endpoint = Spec['podMetricsEndpoints'][number];

export function podMonitorJobs(written: unknown, context: ObjectContext): ObjectJobs {
  const decoded = v.safeParse(specSchema, written ?? {});
  if (!decoded.success) return { status: 'refused', problems: describeIssues(decoded.issues) };
  const spec = decoded.output;
  const warnings = [
    ...leftOver(spec, 'spec', [...Object.keys(specEntries), ...Object.values(LIMIT_KEYS)]),
    ...spec.podMetricsEndpoints.flatMap((endpoint, index) =>
      leftOver(endpoint, `spec.podMetricsEndpoints[${index}]`, [
        ...Object.keys(endpointEntries),
        ...Object.values(ENDPOINT_KEYS),
        ...CLIENT_FIELDS,
      ]),
    ),
  ];
  const jobs = spec.podMetricsEndpoints.map((endpoint, index) => endpointJob(spec, endpoint, index, context));
  return { status: 'jobs', jobs, warnings };
}

function endpointJob(spec: Spec, endpoint: Endpoint, index: number, context: ObjectContext): WrittenJob {
  const { namespace, name } = context;
  const path = `spec.podMetricsEndpoints[${index}]`;
  const generated = generatedRules(spec, endpoint, context);
  const metricRules = ownRules(endpoint.metricRelabelings);
  return {
    job: {
      job_name: `podMonitor/${namespace}/${name}/${index}`,
      honor_labels: endpoint.honorLabels,
      ...kubernetesDiscovery('pod', spec.namespaceSelector, namespace, spec.attachMetadata),
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

function generatedRules(spec: Spec, endpoint: Endpoint, { namespace, name }: ObjectContext): readonly Fields[] {
  const { port, portNumber } = endpoint;
  const number = givenPort(portNumber);
  const target = port === '' && number === undefined ? givenPort(endpoint.targetPort) : undefined;
  const named = port !== '' ? port : typeof endpoint.targetPort === 'string' ? target : undefined;
  const picked = port !== '' ? port : (number ?? target);
  // A number picks a port, and names no endpoint.
  const label = port !== '' ? port : givenPort(endpoint.targetPort);
  return [
    JOB_NAME_RULE,
    ...(endpoint.filterRunning ? [RUNNING_RULE] : []),
    ...selectorRules(spec.selector, 'pod'),
    ...(picked === undefined
      ? []
      : [keep(`__meta_kubernetes_pod_container_port_${named === undefined ? 'number' : 'name'}`, picked)]),
    copied('__meta_kubernetes_namespace', 'namespace'),
    copied('__meta_kubernetes_pod_container_name', 'container'),
    copied('__meta_kubernetes_pod_name', 'pod'),
    ...carriedLabels(spec.podTargetLabels, 'pod'),
    { target_label: 'job', replacement: `${namespace}/${name}` },
    ...(spec.jobLabel === '' ? [] : [carriedLabel(spec.jobLabel, 'pod', 'job')]),
    ...(label === undefined ? [] : [{ target_label: 'endpoint', replacement: label }]),
  ];
}
