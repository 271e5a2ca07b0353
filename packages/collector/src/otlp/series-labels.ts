/** Labels of the series of one resource and scope. Source: prometheus v0.315.0,
 *  storage/remote/otlptranslator/prometheusremotewrite/helper.go, createAttributes. */
import { compareText, LabelSet, METRIC_NAME } from '@vigie/promql/labels/label-set';
import type { Scope } from '@vigie/wire/otlp/logs';
import type { KeyValue } from '@vigie/wire/otlp/values';
import type { OtlpTranslation } from '../config/otlp-config.ts';
import { attributeText } from './attribute-text.ts';
import type { LabelNames } from './label-name.ts';

/** By name; an empty value is that of a label that is not there. */
export type Labels = ReadonlyMap<string, string>;

export interface ResourceLabels {
  /** Of all its series; they give way to attributes of data points. */
  readonly promoted: Labels;
  /** `job` and `instance`, which do not. */
  readonly identity: Labels;
}

export interface ScopeSource {
  readonly scope: Scope;
  readonly schemaUrl: string;
}

const NAME = 'service.name';
const NAMESPACE = 'service.namespace';
const INSTANCE = 'service.instance.id';
const IDENTIFYING: ReadonlySet<string> = new Set([NAMESPACE, NAME, INSTANCE]);
const RESERVED: ReadonlySet<string> = new Set([METRIC_NAME]);
const NONE: ReadonlySet<string> = new Set();
const TARGET_INFO = 'target_info';

/** @returns undefined where an attribute has a name that no label can have */
export function resourceLabels(
  resource: readonly KeyValue[],
  { promoted: { kind, attributes } }: OtlpTranslation,
  names: LabelNames,
): ResourceLabels | undefined {
  const promoted = new Map<string, string>();
  for (const { key, value } of resource) {
    if (attributes.has(key) !== (kind === 'these')) continue;
    const name = names.of(key);
    if (name === undefined) return undefined;
    promoted.set(name, attributeText(value));
  }
  const identity = new Map<string, string>();
  const service = textOf(resource, NAME);
  const namespace = textOf(resource, NAMESPACE);
  if (service !== undefined) identity.set('job', namespace === undefined ? service : `${namespace}/${service}`);
  const instance = textOf(resource, INSTANCE);
  if (instance !== undefined) identity.set('instance', instance);
  return { promoted, identity };
}

/** @returns undefined where an attribute has a name that no label can have */
export function scopeLabels(
  { scope, schemaUrl }: ScopeSource,
  { hasScopeLabels }: OtlpTranslation,
  names: LabelNames,
): Labels | undefined {
  const labels = new Map<string, string>();
  if (!hasScopeLabels || scope.name === '') return labels;
  for (const { key, value } of scope.attributes) {
    const name = names.of(`otel_scope_${key}`);
    if (name === undefined) return undefined;
    labels.set(name, attributeText(value));
  }
  labels.set('otel_scope_name', scope.name);
  labels.set('otel_scope_version', scope.version);
  labels.set('otel_scope_schema_url', schemaUrl);
  return labels;
}

/** Without the name of the metric.
 *  @returns undefined where an attribute has a name that no label can have */
export function pointLabels(
  attributes: readonly KeyValue[],
  resource: ResourceLabels,
  scope: Labels,
  translation: OtlpTranslation,
  names: LabelNames,
): Labels | undefined {
  const labels = attributeLabels(attributes, RESERVED, translation, names);
  if (labels === undefined) return undefined;
  for (const [name, value] of resource.promoted) if ((labels.get(name) ?? '') === '') labels.set(name, value);
  for (const [name, value] of resource.identity) if (value !== '') labels.set(name, value);
  for (const [name, value] of scope) labels.set(name, value);
  return labels;
}

/** The labels of the series that has what else is known of a resource.
 *  @returns undefined where there is none to be had, or nothing else is known */
export function targetInfoLabels(
  attributes: readonly KeyValue[],
  { identity }: ResourceLabels,
  translation: OtlpTranslation,
  names: LabelNames,
): LabelSet | undefined {
  if (attributes.every(({ key }) => IDENTIFYING.has(key))) return undefined;
  const ignored = translation.keepsIdentifying ? NONE : IDENTIFYING;
  const labels = attributeLabels(attributes, ignored, translation, names);
  if (labels === undefined) return undefined;
  for (const [name, value] of identity) if (value !== '') labels.set(name, value);
  const hasIdentity = ['job', 'instance'].some((name) => (labels.get(name) ?? '') !== '');
  return hasIdentity ? seriesLabels(labels, TARGET_INFO) : undefined;
}

/** @param extra `le` or `quantile` */
export function seriesLabels(labels: Labels, metric: string, extra?: readonly [string, string]): LabelSet {
  const all = new Map(labels);
  if (extra !== undefined) all.set(...extra);
  all.set(METRIC_NAME, metric);
  return LabelSet.of(all);
}

/** Attributes whose names become the same are put together, in the order of their names. */
function attributeLabels(
  attributes: readonly KeyValue[],
  ignored: ReadonlySet<string>,
  { isEscaped }: OtlpTranslation,
  names: LabelNames,
): Map<string, string> | undefined {
  const labels = new Map<string, string>();
  const kept = attributes.filter(({ key }) => !ignored.has(key));
  for (const { key, value } of kept.sort((a, b) => compareText(a.key, b.key))) {
    const text = attributeText(value);
    if (!isEscaped) {
      labels.set(key, text);
      continue;
    }
    const name = names.of(key);
    if (name === undefined) return undefined;
    const other = labels.get(name) ?? '';
    labels.set(name, other === '' ? text : `${other};${text}`);
  }
  return labels;
}

function textOf(resource: readonly KeyValue[], key: string): string | undefined {
  const found = resource.find((attribute) => attribute.key === key);
  return found === undefined ? undefined : attributeText(found.value);
}
