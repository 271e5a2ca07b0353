/** What /api/v1/rules and /api/v1/alerts answer, in Prometheus' JSON. Source: Prometheus v0.315.0,
 *  web/api/v1/api.go. */
import { createHash } from 'node:crypto';
import { formatGoFloat } from '@vigie/core/go-float';
import type { RulesQuery } from '@vigie/promql/api/options';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { Matcher } from '@vigie/promql/labels/matcher';
import type { Alert } from '../alerts/alert.ts';
import type { GroupEvaluator } from '../group/group-evaluator.ts';
import type { RuleHealth, RuleState } from '../group/rule-state.ts';

export interface AlertJson {
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
  readonly state: string;
  readonly activeAt: string;
  readonly keepFiringSince?: string;
  readonly value: string;
}

interface RuleJson {
  readonly name: string;
  readonly query: string;
  readonly labels: LabelSet;
  readonly health: RuleHealth;
  readonly lastError?: string;
  /** Seconds. */
  readonly evaluationTime: number;
  readonly lastEvaluation: string;
}

export interface AlertingRuleJson extends RuleJson {
  readonly state: string;
  /** Seconds. */
  readonly duration: number;
  readonly keepFiringFor: number;
  readonly annotations: LabelSet;
  /** null where they are excluded. */
  readonly alerts: readonly AlertJson[] | null;
  readonly type: 'alerting';
}

export interface RecordingRuleJson extends RuleJson {
  readonly type: 'recording';
}

export interface RuleGroupJson {
  readonly name: string;
  readonly file: string;
  readonly rules: readonly (AlertingRuleJson | RecordingRuleJson)[];
  /** Seconds. */
  readonly interval: number;
  readonly limit: number;
  readonly evaluationTime: number;
  readonly lastEvaluation: string;
}

export interface RulesJson {
  readonly groups: readonly RuleGroupJson[];
  readonly groupNextToken?: string;
}

export type RulesAnswer =
  | { readonly status: 'ok'; readonly data: RulesJson }
  /** `reason` is in Prometheus' words, of `group_next_token`. */
  | { readonly status: 'bad-token'; readonly reason: string };

/** @param groups by file, then name */
export function answerRules(groups: readonly GroupEvaluator[], query: RulesQuery): RulesAnswer {
  const { groupLimit, groupNextToken } = query;
  const isContinued = groupLimit !== undefined && groupNextToken !== '';
  const first = isContinued ? groups.findIndex((group) => tokenOf(group) === groupNextToken) : 0;
  if (first < 0) {
    return { status: 'bad-token', reason: `invalid group_next_token '${groupNextToken}'. were rule groups changed?` };
  }
  const page: RuleGroupJson[] = [];
  for (const group of groups.slice(first)) {
    const json = groupJson(group, query);
    // What the parameters leave nothing of is left out.
    if (json === undefined) continue;
    if (page.length === groupLimit) return { status: 'ok', data: { groups: page, groupNextToken: tokenOf(group) } };
    page.push(json);
  }
  return { status: 'ok', data: { groups: page } };
}

export function answerAlerts(groups: readonly GroupEvaluator[]): { readonly alerts: readonly AlertJson[] } {
  return { alerts: groups.flatMap(({ rules }) => rules.flatMap((rule) => rule.activeAlerts.map(alertJson))) };
}

function groupJson(evaluator: GroupEvaluator, query: RulesQuery): RuleGroupJson | undefined {
  const { group, rules, intervalMs, evaluationMs, lastEvaluationMs } = evaluator;
  if (!isAsked(query.ruleGroups, group.name) || !isAsked(query.files, group.file)) return undefined;
  const asked = rules.filter((state) => isRuleAsked(state, query));
  if (asked.length === 0) return undefined;
  return {
    name: group.name,
    file: group.file,
    rules: asked.map((state) => ruleJson(state, query.excludeAlerts)),
    interval: intervalMs / 1000,
    limit: group.limit,
    evaluationTime: evaluationMs / 1000,
    lastEvaluation: goTime(lastEvaluationMs),
  };
}

function isAsked(names: readonly string[], name: string): boolean {
  return names.length === 0 || names.includes(name);
}

function isRuleAsked({ rule }: RuleState, { type, ruleNames, matcherSets }: RulesQuery): boolean {
  if (type !== undefined && (type === 'alert') !== (rule.kind === 'alerting')) return false;
  if (!isAsked(ruleNames, rule.name)) return false;
  const fulfils = (matchers: readonly Matcher[]): boolean =>
    matchers.every((matcher) => matcher.matches(rule.labels.get(matcher.name)));
  return matcherSets.length === 0 || matcherSets.some(fulfils);
}

function ruleJson(state: RuleState, excludeAlerts: boolean): AlertingRuleJson | RecordingRuleJson {
  const { rule, health, lastError, evaluationMs, lastEvaluationMs } = state;
  const evaluated = {
    health,
    ...(lastError === undefined ? {} : { lastError }),
    evaluationTime: evaluationMs / 1000,
    lastEvaluation: goTime(lastEvaluationMs),
  };
  const { name, labels, query } = rule;
  if (rule.kind === 'recording') {
    return { name, query: query.text, labels, ...evaluated, type: 'recording' };
  }
  return {
    state: state.alertState,
    name,
    query: query.text,
    duration: rule.holdMs / 1000,
    keepFiringFor: rule.keepFiringMs / 1000,
    labels,
    annotations: rule.annotations,
    alerts: excludeAlerts ? null : state.activeAlerts.map(alertJson),
    ...evaluated,
    type: 'alerting',
  };
}

function alertJson({ labels, annotations, state, activeAtMs, keepFiringSinceMs, value }: Alert): AlertJson {
  return {
    labels,
    annotations,
    state,
    activeAt: goTime(activeAtMs),
    ...(keepFiringSinceMs === undefined ? {} : { keepFiringSince: goTime(keepFiringSinceMs) }),
    value: formatGoFloat(value, 'e'),
  };
}

/** RFC 3339 without trailing zeros; Go's zero time where there is none. */
function goTime(timestampMs: number | undefined): string {
  if (timestampMs === undefined) return '0001-01-01T00:00:00Z';
  return new Date(timestampMs).toISOString().replace(/\.?0+Z$/, 'Z');
}

function tokenOf({ group }: GroupEvaluator): string {
  return createHash('sha1').update(`${group.file};${group.name}`).digest('hex');
}
