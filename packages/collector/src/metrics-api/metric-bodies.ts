/** The bodies of answers, as JSON text. Source: k8s.io/metrics, pkg/apis/{custom_metrics,external_metrics,metrics}. */
import { assertNever } from '@vigie/core/errors';
import { formatGoDuration } from '@vigie/core/template/go-time';
import type { ApiVersion } from './api-groups.ts';
import type { LabelSelector, Requirement } from './label-selector.ts';
import type { ExternalValue, NodeUsage, ObjectValue, PodUsage, Usage } from './metric-values.ts';
import { binaryQuantity, decimalQuantity } from './quantity.ts';

/** @param selector of the metric's own labels */
export function customMetricsBody(
  version: ApiVersion,
  metric: string,
  selector: LabelSelector,
  values: readonly ObjectValue[],
): string {
  const kind = `"kind":"MetricValueList","apiVersion":"custom.metrics.k8s.io/${version}","metadata":{}`;
  const of = valueWriter(version, metric, selector);
  return `{${kind},"items":[${values.map(of).join(',')}]}`;
}

function valueWriter(version: ApiVersion, metric: string, selector: LabelSelector): (value: ObjectValue) => string {
  const name = JSON.stringify(metric);
  const chosen = JSON.stringify(selectorObject(selector));
  switch (version) {
    case 'v1beta1':
      return ({ object, timestampMs, windowMs, value }) =>
        `{"describedObject":${JSON.stringify(object)},"metricName":${name},"timestamp":"${rfc3339(timestampMs)}"${windowMember('window', windowMs)},"value":"${decimalQuantity(value)}","selector":${chosen}}`;
    case 'v1beta2':
      return ({ object, timestampMs, windowMs, value }) =>
        `{"describedObject":${JSON.stringify(object)},"metric":{"name":${name},"selector":${chosen}},"timestamp":"${rfc3339(timestampMs)}"${windowMember('windowSeconds', windowMs)},"value":"${decimalQuantity(value)}"}`;
    default:
      return assertNever(version);
  }
}

export function externalMetricsBody(metric: string, values: readonly ExternalValue[]): string {
  const name = JSON.stringify(metric);
  const items = values.map(
    ({ labels, timestampMs, windowMs, value }) =>
      `{"metricName":${name},"metricLabels":${JSON.stringify(labels)},"timestamp":"${rfc3339(timestampMs)}"${windowMember('window', windowMs)},"value":"${decimalQuantity(value)}"}`,
  );
  return `{"kind":"ExternalMetricValueList","apiVersion":"external.metrics.k8s.io/v1beta1","metadata":{},"items":[${items.join(',')}]}`;
}

export function podUsageListBody(pods: readonly PodUsage[]): string {
  const items = pods.map((pod) => JSON.stringify(podObject(pod))).join(',');
  return `{"kind":"PodMetricsList","apiVersion":"metrics.k8s.io/v1beta1","metadata":{},"items":[${items}]}`;
}

export function podUsageBody(pod: PodUsage): string {
  return JSON.stringify(wholePod(pod));
}

/** As it stands by itself, with its kind. */
export function wholePod(pod: PodUsage): object {
  return { kind: 'PodMetrics', apiVersion: 'metrics.k8s.io/v1beta1', ...podObject(pod) };
}

export function nodeUsageListBody(nodes: readonly NodeUsage[]): string {
  const items = nodes.map((node) => JSON.stringify(nodeObject(node))).join(',');
  return `{"kind":"NodeMetricsList","apiVersion":"metrics.k8s.io/v1beta1","metadata":{},"items":[${items}]}`;
}

export function nodeUsageBody(node: NodeUsage): string {
  return JSON.stringify(wholeNode(node));
}

/** As wholePod. */
export function wholeNode(node: NodeUsage): object {
  return { kind: 'NodeMetrics', apiVersion: 'metrics.k8s.io/v1beta1', ...nodeObject(node) };
}

function podObject({ namespace, containers, ...pod }: PodUsage): object {
  return {
    metadata: metadataOf({ ...pod, namespace }),
    timestamp: rfc3339(pod.timestampMs),
    window: goWindow(pod.windowMs),
    containers: containers.map(({ name, ...usage }) => ({ name, usage: usageObject(usage) })),
  };
}

function nodeObject({ usage, ...node }: NodeUsage): object {
  return {
    metadata: metadataOf(node),
    timestamp: rfc3339(node.timestampMs),
    window: goWindow(node.windowMs),
    usage: usageObject(usage),
  };
}

/** As an object's metadata stands in lists, and in the rows of a Table. */
export function metadataOf({
  name,
  namespace,
  creationTimestamp,
  labels,
}: Pick<NodeUsage, 'name' | 'creationTimestamp' | 'labels'> & { readonly namespace?: string }): object {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    creationTimestamp: creationTimestamp === '' ? null : creationTimestamp,
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
  };
}

/** Processors to the billionth, as metrics-server has them; memory in whole bytes. */
export function usageObject({ cpu, memoryBytes }: Usage): { readonly cpu: string; readonly memory: string } {
  return { cpu: nanoCores(cpu), memory: binaryQuantity(memoryBytes) ?? '0' };
}

function nanoCores(cpu: number): string {
  return decimalQuantity(cpu) ?? '0';
}

let writtenSecond = Number.NaN;
let written = '';

/** To the second, as Kubernetes writes times. Most values of an answer are of the same few seconds. */
export function rfc3339(timestampMs: number): string {
  const second = Math.floor(timestampMs / 1000);
  if (second !== writtenSecond) {
    writtenSecond = second;
    written = `${new Date(timestampMs).toISOString().slice(0, 19)}Z`;
  }
  return written;
}

/** As Go writes a duration: `15.034s`. */
export function goWindow(windowMs: number): string {
  return formatGoDuration(BigInt(Math.round(windowMs * 1e6)));
}

/** Whole seconds, at least one. */
export function wholeSeconds(windowMs: number): number {
  return Math.max(1, Math.round(windowMs / 1000));
}

function windowMember(name: string, windowMs: number | undefined): string {
  return windowMs === undefined ? '' : `,"${name}":${wholeSeconds(windowMs)}`;
}

/** The selector as the object that the API has for it; null for everything. */
function selectorObject({ requirements }: LabelSelector): object | null {
  if (requirements.length === 0) return null;
  const matchLabels: Record<string, string> = {};
  const matchExpressions: object[] = [];
  for (const { key, operator, values } of requirements) {
    if (operator === '=') matchLabels[key] = values[0];
    else matchExpressions.push({ key, operator: EXPRESSION_OPERATORS[operator], values });
  }
  return {
    ...(Object.keys(matchLabels).length === 0 ? {} : { matchLabels }),
    ...(matchExpressions.length === 0 ? {} : { matchExpressions }),
  };
}

/** As they stand in a LabelSelector's matchExpressions. */
export const EXPRESSION_OPERATORS: Readonly<Record<Exclude<Requirement['operator'], '='>, string>> = {
  '!=': 'NotIn',
  in: 'In',
  notin: 'NotIn',
  exists: 'Exists',
  '!exists': 'DoesNotExist',
  '>': 'Gt',
  '<': 'Lt',
};
