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

/** The sum over the pods of the target, whose names begin with its own; of object and external metrics the sum of their series. */
export function loadQuery({ namespace, scaleTarget }: HpaSpec, spec: MetricSpec): string {
  const own = `namespace="${namespace}",pod=~"${escaped(scaleTarget.name)}-.+"`;
  switch (spec.type) {
    case 'resource':
      return resourceQuery(spec.resource, `${own},container!=""`);
    case 'container_resource':
      return resourceQuery(spec.resource, `${own},container="${spec.container}"`);
    case 'pods':
      return sumOf(spec.metric, [own, ...matchersOf(spec.selector)]);
    case 'object':
      return sumOf(spec.metric, [`namespace="${namespace}"`, ...matchersOf(spec.selector)]);
    case 'external':
      return sumOf(spec.metric, matchersOf(spec.selector));
  }
}

function resourceQuery(resource: string, matchers: string): string {
  return resource === 'cpu'
    ? `sum(rate(container_cpu_usage_seconds_total{${matchers}}[2m]))`
    : `sum(container_memory_working_set_bytes{${matchers}})`;
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
