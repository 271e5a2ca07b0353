/** Tables for `kubectl get podmetrics` and the like. Source: metrics-server, pkg/api/table.go; custom-metrics-apiserver,
 *  pkg/registry/custom_metrics/table.go. */
import { goWindow, metadataOf, rfc3339, usageObject, wholeNode, wholePod } from './metric-bodies.ts';
import type { ExternalValue, NodeUsage, ObjectValue, PodUsage, Usage } from './metric-values.ts';
import { decimalQuantity } from './quantity.ts';

/** What of the object goes with each row: kubectl takes the namespace from there, and with `--sort-by` what it sorts by. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';
export type TableVersion = 'v1' | 'v1beta1';

interface Row {
  readonly cells: readonly string[];
  readonly metadata: object;
  /** undefined for values of metrics, which kubectl cannot list. */
  readonly whole?: () => object;
}

interface Column {
  readonly name: string;
  readonly type: 'string';
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

export interface TableForm {
  readonly version: TableVersion;
  readonly includeObject: IncludeObject;
}

export function podTable(pods: readonly PodUsage[], form: TableForm): object {
  const rows = pods.map((pod) => {
    const total = pod.containers.reduce(
      (sum: Usage, { cpu, memoryBytes }) => ({ cpu: sum.cpu + cpu, memoryBytes: sum.memoryBytes + memoryBytes }),
      { cpu: 0, memoryBytes: 0 },
    );
    return { cells: usageCells(pod.name, total, pod.windowMs), metadata: metadataOf(pod), whole: () => wholePod(pod) };
  });
  return table(USAGE_COLUMNS, rows, form);
}

export function nodeTable(nodes: readonly NodeUsage[], form: TableForm): object {
  const rows = nodes.map((node) => ({
    cells: usageCells(node.name, node.usage, node.windowMs),
    metadata: metadataOf(node),
    whole: () => wholeNode(node),
  }));
  return table(USAGE_COLUMNS, rows, form);
}

export function customTable(metric: string, values: readonly ObjectValue[], form: TableForm): object {
  const rows = values.map(({ object, value, timestampMs }) => {
    const { kind, namespace, name } = object;
    return {
      cells: [
        [namespace, kind, name].filter((part) => part !== '').join('/'),
        metric,
        decimalQuantity(value) ?? '',
        rfc3339(timestampMs),
      ],
      metadata: { name, ...(namespace === '' ? {} : { namespace }), creationTimestamp: null },
    };
  });
  return table(VALUE_COLUMNS, rows, form);
}

export function externalTable(metric: string, values: readonly ExternalValue[], form: TableForm): object {
  const rows = values.map(({ labels, value, timestampMs }) => ({
    cells: [
      metric,
      Object.entries(labels)
        .map(([name, text]) => `${name}=${text}`)
        .join(','),
      decimalQuantity(value) ?? '',
      rfc3339(timestampMs),
    ],
    metadata: { name: metric, creationTimestamp: null },
  }));
  return table(EXTERNAL_COLUMNS, rows, form);
}

const NAME: Column = column('Name', 'name', 'Name of the resource');
const USAGE_COLUMNS = [NAME, column('cpu', 'quantity'), column('memory', 'quantity'), column('Window', 'duration')];
const VALUE_COLUMNS = [NAME, column('MetricsName'), column('MetricsValue'), column('TimeStamp')];
const EXTERNAL_COLUMNS = [NAME, column('Labels'), column('MetricsValue'), column('TimeStamp')];

function column(name: string, format = '', description = ''): Column {
  return { name, type: 'string', format, description, priority: 0 };
}

function usageCells(name: string, usage: Usage, windowMs: number): readonly string[] {
  const { cpu, memory } = usageObject(usage);
  return [name, cpu, memory, goWindow(windowMs)];
}

function table(columnDefinitions: readonly Column[], rows: readonly Row[], form: TableForm): object {
  const apiVersion = `meta.k8s.io/${form.version}`;
  return {
    kind: 'Table',
    apiVersion,
    metadata: {},
    columnDefinitions,
    rows: rows.map((row) => ({ cells: row.cells, ...includedObject(row, form, apiVersion) })),
  };
}

function includedObject({ metadata, whole }: Row, { includeObject }: TableForm, apiVersion: string): object {
  if (includeObject === 'None') return {};
  if (includeObject === 'Object' && whole !== undefined) return { object: whole() };
  return { object: { kind: 'PartialObjectMetadata', apiVersion, metadata } };
}
