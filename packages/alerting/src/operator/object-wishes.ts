/** What an object of the Prometheus operator asks of alerting, or why it cannot be used. */
import type { AssetLookup } from '@vigie/kube/custom-objects/assets';
import { type CustomObject, describeObject } from '@vigie/kube/custom-objects/custom-object';
import type { ObjectOutcome } from '@vigie/kube/custom-objects/custom-objects';
import { readPrometheusRule } from '@vigie/rules/file/prometheus-rule';
import type { RuleGroup } from '@vigie/rules/rule';
import type { WrittenAlertmanager } from '../config/alerting-config.ts';
import { keptRules } from '../rules/alerting-rules.ts';
import { type Fragment, fragmentOf, type MatcherStrategy } from './alertmanager-config.ts';
import { problemsWith } from './merged-config.ts';

export interface Wishes {
  readonly groups: readonly RuleGroup[];
  readonly fragments: readonly Fragment[];
}

export const NO_WISHES: Wishes = { groups: [], fragments: [] };

/** What objects are judged by. */
export interface JudgingContext {
  /** undefined: alerts are sent to Alertmanagers, which have receivers of their own. */
  readonly alertmanager: WrittenAlertmanager | undefined;
  /** Whether anybody answers what rules ask. */
  readonly hasMetrics: boolean;
  readonly recordingRules: boolean;
  readonly fileAccess: boolean;
  readonly matcherStrategy: MatcherStrategy;
}

export function wishesOf(object: CustomObject, assets: AssetLookup, context: JudgingContext): ObjectOutcome<Wishes> {
  return object.kind === 'PrometheusRule' ? rulesOf(object, context) : receiversOf(object, assets, context);
}

function rulesOf(object: CustomObject, { hasMetrics, recordingRules }: JudgingContext): ObjectOutcome<Wishes> {
  const read = readPrometheusRule(object.spec, describeObject(object));
  if (read.status === 'refused') return read;
  const groups = keptRules(read.groups, recordingRules);
  if (hasMetrics || groups.length === 0) return { status: 'accepted', asked: { ...NO_WISHES, groups }, warnings: [] };
  const warnings = ['spec.groups: without datasources.metrics in alerting.yaml nobody answers what they ask'];
  return { status: 'accepted', asked: NO_WISHES, warnings };
}

function receiversOf(object: CustomObject, assets: AssetLookup, context: JudgingContext): ObjectOutcome<Wishes> {
  const { alertmanager } = context;
  if (alertmanager === undefined) {
    const warnings = ['spec: without alertmanager_config in alerting.yaml nobody is told from here'];
    return { status: 'accepted', asked: NO_WISHES, warnings };
  }
  const made = fragmentOf(object, { ...context, assets });
  if (made.status === 'refused') return made;
  // What Secrets have is part of what is checked, and is not there yet.
  if (assets.unread.size > 0) return { status: 'refused', problems: [] };
  const problems = problemsWith(alertmanager, made.fragment);
  if (problems.length > 0) return { status: 'refused', problems };
  return { status: 'accepted', asked: { ...NO_WISHES, fragments: [made.fragment] }, warnings: made.warnings };
}
