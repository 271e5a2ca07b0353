/** The bodies of answers as protobuf, which controllers and kubectl ask for first. Source: k8s.io/metrics,
 *  pkg/apis/.../generated.proto; apimachinery, pkg/runtime/serializer/protobuf. */
import { ProtoWriter } from '@vigie/wire/protobuf/writer';
import type { ApiVersion } from './api-groups.ts';
import type { LabelSelector } from './label-selector.ts';
import { EXPRESSION_OPERATORS, usageObject, wholeSeconds } from './metric-bodies.ts';
import type { ExternalValue, NodeUsage, ObjectValue, PodUsage, Usage } from './metric-values.ts';
import { decimalQuantity } from './quantity.ts';

export const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';

/** "k8s" and a zero byte, in front of a runtime.Unknown. */
const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

/** @param selector of the metric's own labels */
export function customMetricsProto(
  version: ApiVersion,
  metric: string,
  selector: LabelSelector,
  values: readonly ObjectValue[],
): Buffer {
  return envelope(`custom.metrics.k8s.io/${version}`, 'MetricValueList', (list) => {
    list.message(1, () => undefined);
    for (const { object, timestampMs, windowMs, value } of values) {
      list.message(2, () => {
        list.message(1, () => {
          list.string(1, object.kind);
          list.string(2, object.namespace);
          list.string(3, object.name);
          list.string(5, object.apiVersion);
        });
        if (version === 'v1beta1') list.string(2, metric);
        else {
          list.message(2, () => {
            list.string(1, metric);
            writeSelector(list, 2, selector);
          });
        }
        writeTime(list, 3, timestampMs);
        if (windowMs !== undefined) list.uint(4, wholeSeconds(windowMs));
        writeQuantity(list, 5, decimalQuantity(value) ?? '0');
        if (version === 'v1beta1') writeSelector(list, 6, selector);
      });
    }
  });
}

export function externalMetricsProto(metric: string, values: readonly ExternalValue[]): Buffer {
  return envelope('external.metrics.k8s.io/v1beta1', 'ExternalMetricValueList', (list) => {
    list.message(1, () => undefined);
    for (const { labels, timestampMs, windowMs, value } of values) {
      list.message(2, () => {
        list.string(1, metric);
        writeTexts(list, 2, labels);
        writeTime(list, 3, timestampMs);
        if (windowMs !== undefined) list.uint(4, wholeSeconds(windowMs));
        writeQuantity(list, 5, decimalQuantity(value) ?? '0');
      });
    }
  });
}

export function podUsageListProto(pods: readonly PodUsage[]): Buffer {
  return envelope('metrics.k8s.io/v1beta1', 'PodMetricsList', (list) => {
    list.message(1, () => undefined);
    for (const pod of pods) list.message(2, () => writePod(list, pod));
  });
}

export function podUsageProto(pod: PodUsage): Buffer {
  return envelope('metrics.k8s.io/v1beta1', 'PodMetrics', (message) => writePod(message, pod));
}

export function nodeUsageListProto(nodes: readonly NodeUsage[]): Buffer {
  return envelope('metrics.k8s.io/v1beta1', 'NodeMetricsList', (list) => {
    list.message(1, () => undefined);
    for (const node of nodes) list.message(2, () => writeNode(list, node));
  });
}

export function nodeUsageProto(node: NodeUsage): Buffer {
  return envelope('metrics.k8s.io/v1beta1', 'NodeMetrics', (message) => writeNode(message, node));
}

function writePod(message: ProtoWriter, pod: PodUsage): void {
  writeMetadata(message, pod);
  writeTime(message, 2, pod.timestampMs);
  writeDuration(message, 3, pod.windowMs);
  for (const { name, ...usage } of pod.containers) {
    message.message(4, () => {
      message.string(1, name);
      writeUsage(message, 2, usage);
    });
  }
}

function writeNode(message: ProtoWriter, node: NodeUsage): void {
  writeMetadata(message, node);
  writeTime(message, 2, node.timestampMs);
  writeDuration(message, 3, node.windowMs);
  writeUsage(message, 4, node.usage);
}

/** ObjectMeta: name 1, namespace 3, creationTimestamp 8, labels 11. */
function writeMetadata(
  message: ProtoWriter,
  {
    name,
    namespace,
    creationTimestamp,
    labels,
  }: Pick<NodeUsage, 'name' | 'creationTimestamp' | 'labels'> & { readonly namespace?: string },
): void {
  message.message(1, () => {
    message.string(1, name);
    if (namespace !== undefined) message.string(3, namespace);
    const createdMs = Date.parse(creationTimestamp);
    if (!Number.isNaN(createdMs)) writeTime(message, 8, createdMs);
    writeTexts(message, 11, labels);
  });
}

function writeUsage(message: ProtoWriter, field: number, usage: Usage): void {
  for (const [name, quantity] of Object.entries(usageObject(usage))) {
    message.message(field, () => {
      message.string(1, name);
      writeQuantity(message, 2, quantity);
    });
  }
}

function writeTexts(message: ProtoWriter, field: number, texts: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(texts)) {
    message.message(field, () => {
      message.string(1, name);
      message.string(2, text);
    });
  }
}

function writeSelector(message: ProtoWriter, field: number, { requirements }: LabelSelector): void {
  if (requirements.length === 0) return;
  message.message(field, () => {
    for (const { key, operator, values } of requirements) {
      if (operator === '=') {
        writeTexts(message, 1, { [key]: values[0] });
        continue;
      }
      message.message(2, () => {
        message.string(1, key);
        message.string(2, EXPRESSION_OPERATORS[operator]);
        for (const value of values) message.string(3, value);
      });
    }
  });
}

function writeTime(message: ProtoWriter, field: number, timestampMs: number): void {
  message.message(field, () => message.uint(1, Math.floor(timestampMs / 1000)));
}

function writeDuration(message: ProtoWriter, field: number, ms: number): void {
  message.message(field, () => message.uint(1, Math.round(ms * 1e6)));
}

function writeQuantity(message: ProtoWriter, field: number, quantity: string): void {
  message.message(field, () => message.string(1, quantity));
}

function envelope(apiVersion: string, kind: string, write: (message: ProtoWriter) => void): Buffer {
  const raw = new ProtoWriter();
  write(raw);
  const unknown = new ProtoWriter();
  unknown.message(1, () => {
    unknown.string(1, apiVersion);
    unknown.string(2, kind);
  });
  unknown.bytes(2, raw.written);
  unknown.string(3, '');
  unknown.string(4, '');
  return Buffer.concat([MAGIC, unknown.written]);
}
