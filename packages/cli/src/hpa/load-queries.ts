/** What an HPA's metrics are called on a command line, and where their load is found in a Prometheus. */
import type { HpaSpec, MetricSpec } from '@vigie/collector/hpa/hpa-spec';

/** `cpu`, `CONTAINER/cpu`, or the metric's name. */
export function metricKey(spec: MetricSpec): string {
  switch (spec.type) {
    case 'resource':
      return spec.resource;
    case 'container_resource':
      return `${spec.container}/${spec.resource}`;
    case 'pods':
    case 'object':
    case 'external':
      return spec.metric;
  }
}

/** The sum over the pods of the target; of object and external metrics the sum of their series. As the metrics APIs have it without rules:
 *  --query says where it is otherwise. */
export function loadQuery({ namespace, scaleTarget }: HpaSpec, spec: MetricSpec): string {
  const within = `namespace="${namespace}"`;
  const own = `${within},pod=~"${podPattern(scaleTarget)}"`;
  switch (spec.type) {
    case 'resource':
      return resourceQuery(spec.resource, `${own},container!~"|POD"`);
    case 'container_resource':
      return resourceQuery(spec.resource, `${own},container="${spec.container}"`);
    case 'pods':
      return sumOf(spec.metric, [own, ...matchersOf(spec.selector)]);
    case 'object':
      return sumOf(spec.metric, [within, ...objectMatchers(spec.object), ...matchersOf(spec.selector)]);
    case 'external':
      return sumOf(spec.metric, [within, ...matchersOf(spec.selector)]);
  }
}

/** What Kubernetes makes names of: nothing that could be a word. Source: apimachinery, pkg/util/rand. */
const LETTER = '[bcdfghjklmnpqrstvwxz2456789]';
/** Of a name that is made, what comes before the last five letters. Source: apiserver, pkg/storage/names/generate.go. */
const MAX_BASE = 58;
/** Behind the name of a deployment: a dash, a hash of up to ten letters, and a dash. */
const HASH_LENGTH = 12;

/** The pods of `web`, and none of `web-admin`. Of kinds that are not Kubernetes' own, whatever begins like it. */
function podPattern({ kind, name }: HpaSpec['scaleTarget']): string {
  if (kind === 'StatefulSet') return `${escaped(name)}-[0-9]+`;
  // Names that are cut off are told apart by their beginning alone.
  if (name.length + HASH_LENGTH > MAX_BASE) return `${escaped(name.slice(0, MAX_BASE))}.+`;
  if (kind === 'Deployment') return `${escaped(name)}-${LETTER}{1,10}-${LETTER}{5}`;
  return kind === 'ReplicaSet' || kind === 'ReplicationController'
    ? `${escaped(name)}-${LETTER}{5}`
    : `${escaped(name)}-.+`;
}

/** `ingress="main"`; of the namespace itself nothing more. */
function objectMatchers({ kind, name }: Extract<MetricSpec, { type: 'object' }>['object']): readonly string[] {
  if (kind === 'Namespace') return [];
  return [`${kind === 'Job' ? 'job_name' : kind.toLowerCase()}="${name}"`];
}

/** Once for each container: kubelets tell of it at /metrics/resource and at cAdvisor's, and of one that began again under two control groups. */
function resourceQuery(resource: string, matchers: string): string {
  const each =
    resource === 'cpu'
      ? `rate(container_cpu_usage_seconds_total{${matchers}}[2m])`
      : `container_memory_working_set_bytes{${matchers}}`;
  return `sum(max by (namespace, pod, container) (${each}))`;
}

/** A counter that is scaled on as `foo_per_second` is `foo_total`. */
function sumOf(metric: string, matchers: readonly string[]): string {
  const selector = matchers.length === 0 ? '' : `{${matchers.join(',')}}`;
  const counter = /^(.+)_per_second$/.exec(metric)?.[1];
  return counter === undefined ? `sum(${metric}${selector})` : `sum(rate(${counter}_total${selector}[2m]))`;
}

/** Of what a selector says with `=`, which nearly all do; --query says the rest. */
function matchersOf(selector: string): readonly string[] {
  return [...selector.matchAll(/(?:^|,)([A-Za-z_]\w*)=([^,]*)/g)].map(([, key, value]) => `${key}="${value}"`);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]]/g, '\\\\$&');
}
