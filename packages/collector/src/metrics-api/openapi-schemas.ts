/** What the metrics APIs answer, as schemas for `kubectl explain`. Source: k8s.io/metrics v0.36.3, pkg/apis. Definitions refer to none of
 *  the API server's own, so that merging them into its document changes none of those. */
import { type ApiGroup, type ApiVersion, CUSTOM_METRICS, EXTERNAL_METRICS, RESOURCE_METRICS } from './api-groups.ts';

export type Schema = Readonly<Record<string, unknown>>;

/** By name, `io.k8s.metrics.pkg.apis.metrics.v1beta1.NodeMetrics`. @param refTo what stands before the name in a reference */
export type Schemas = Readonly<Record<string, Schema>>;

const TEXT = { type: 'string' } as const;
const QUANTITY = { type: 'string', description: 'A quantity, such as 250m or 20480Ki.' };
const TIME = { type: 'string', format: 'date-time' };
const WINDOW_SECONDS = {
  type: 'integer',
  format: 'int64',
  description: 'The value is of so many seconds up to the timestamp; none for a value of that time.',
};
const USAGE = {
  type: 'object',
  description: 'By resource: cpu, and memory as the working set.',
  additionalProperties: QUANTITY,
};
const SAMPLED = {
  timestamp: { ...TIME, description: 'The usage is that of the window before this time.' },
  window: { ...TEXT, description: 'A duration, such as 15.034s.' },
};

const PACKAGES: Readonly<Record<ApiGroup, string>> = {
  [RESOURCE_METRICS]: 'metrics',
  [CUSTOM_METRICS]: 'custom_metrics',
  [EXTERNAL_METRICS]: 'external_metrics',
};

/** Of a kind of the group, as the API machinery names it. */
export function schemaName(group: ApiGroup, version: ApiVersion, kind: string): string {
  return `io.k8s.metrics.pkg.apis.${PACKAGES[group]}.${version}.${kind}`;
}

/** @param reference what leads to a definition: `#/definitions/` */
export function schemasOf(group: ApiGroup, version: ApiVersion, reference: string): Schemas {
  const refer = (kind: string): Schema => ({ $ref: reference + schemaName(group, version, kind) });
  const listOf = (kind: string): Schema => ({ type: 'array', items: refer(kind) });
  const named = (kind: string, schema: Schema): readonly [string, Schema] => [schemaName(group, version, kind), schema];
  const whole = (kind: string, description: string, properties: Schema, required: readonly string[]): Schema => ({
    ...objectSchema(description, { ...TYPE_META, metadata: METADATA, ...properties }, required),
    'x-kubernetes-group-version-kind': [{ group, kind, version }],
  });
  switch (group) {
    case RESOURCE_METRICS:
      return Object.fromEntries([
        named('NodeMetrics', whole('NodeMetrics', 'What a node uses.', { ...SAMPLED, usage: USAGE }, USED)),
        named('NodeMetricsList', whole('NodeMetricsList', 'What nodes use.', { items: listOf('NodeMetrics') }, ITEMS)),
        named(
          'PodMetrics',
          whole(
            'PodMetrics',
            'What the containers of a pod use.',
            { ...SAMPLED, containers: listOf('ContainerMetrics') },
            ['timestamp', 'window', 'containers'],
          ),
        ),
        named('PodMetricsList', whole('PodMetricsList', 'What pods use.', { items: listOf('PodMetrics') }, ITEMS)),
        named(
          'ContainerMetrics',
          objectSchema('What a container uses.', { name: TEXT, usage: USAGE }, ['name', 'usage']),
        ),
      ]);
    case CUSTOM_METRICS: {
      const description = 'The value of a metric for one object.';
      const { properties, required } = version === 'v1beta1' ? OLD_VALUE : VALUE;
      const value = objectSchema(description, { ...TYPE_META, describedObject: OBJECT, ...properties }, required);
      return Object.fromEntries([
        named('MetricValue', value),
        named(
          'MetricValueList',
          whole('MetricValueList', 'Values of a metric.', { items: listOf('MetricValue') }, ITEMS),
        ),
      ]);
    }
    case EXTERNAL_METRICS: {
      const properties = {
        ...TYPE_META,
        metricName: TEXT,
        metricLabels: { type: 'object', additionalProperties: TEXT },
        timestamp: TIME,
        window: WINDOW_SECONDS,
        value: QUANTITY,
      };
      const required = ['metricName', 'metricLabels', 'timestamp', 'value'];
      const items = { items: listOf('ExternalMetricValue') };
      return Object.fromEntries([
        named('ExternalMetricValue', objectSchema('A value of a metric with labels.', properties, required)),
        named('ExternalMetricValueList', whole('ExternalMetricValueList', 'Values of a metric.', items, ITEMS)),
      ]);
    }
  }
}

const TYPE_META: Schema = { apiVersion: TEXT, kind: TEXT };
const METADATA: Schema = { type: 'object', description: 'Standard metadata.' };
const ITEMS = ['items'];
const USED = ['timestamp', 'window', 'usage'];
const OBJECT: Schema = objectSchema('The object that the metric describes.', {
  apiVersion: TEXT,
  kind: TEXT,
  namespace: TEXT,
  name: TEXT,
});
const SELECTOR: Schema = { type: 'object', description: 'A label selector; none unless one was asked for.' };
const VALUE = {
  properties: {
    metric: objectSchema('The metric.', { name: TEXT, selector: SELECTOR }, ['name']),
    timestamp: TIME,
    windowSeconds: WINDOW_SECONDS,
    value: QUANTITY,
  },
  required: ['describedObject', 'metric', 'timestamp', 'value'],
};
const OLD_VALUE = {
  properties: { metricName: TEXT, timestamp: TIME, window: WINDOW_SECONDS, value: QUANTITY, selector: SELECTOR },
  required: ['describedObject', 'metricName', 'timestamp', 'value'],
};

function objectSchema(description: string, properties: Schema, required: readonly string[] = []): Schema {
  return { type: 'object', description, properties, ...(required.length === 0 ? {} : { required }) };
}
