/** The rules of a PrometheusRule object of the Prometheus operator. */
import { ConfigError, formatPath } from '@vigie/core/config/problem';
import * as v from 'valibot';
import type { RuleGroup } from '../rule.ts';
import { parseRuleFile } from './parse-rule-file.ts';

export type PrometheusRuleOutcome =
  | { readonly status: 'read'; readonly groups: readonly RuleGroup[] }
  /** Each with its path: `spec.groups[0].rules[1].expr: expected …`. */
  | { readonly status: 'refused'; readonly problems: readonly string[] };

const specSchema = v.looseObject({ groups: v.nullish(v.array(v.looseObject({})), []) });

/** As in a rule file, but for Thanos' key.
 *  @param object what names it, and becomes the `file` of its groups: `PrometheusRule shop/web` */
export function readPrometheusRule(spec: unknown, object: string): PrometheusRuleOutcome {
  const decoded = v.safeParse(specSchema, spec ?? {});
  if (!decoded.success) return { status: 'refused', problems: ['spec.groups: expected a list of groups'] };
  const groups = decoded.output.groups.map(({ partial_response_strategy: _, ...group }) => group);
  try {
    const text = JSON.stringify({ kind: 'PrometheusRule', spec: { groups } });
    return { status: 'read', groups: parseRuleFile(text, object) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return {
      status: 'refused',
      problems: error.problems.map(({ path, expected }) => `${formatPath(path)}: expected ${expected}`),
    };
  }
}
