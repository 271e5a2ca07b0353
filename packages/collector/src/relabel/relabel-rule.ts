/** One entry of relabel_configs, metric_relabel_configs or write_relabel_configs, checked and compiled. */
import type { Regex } from '@vigie/core/regex';

export const RELABEL_ACTIONS = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
] as const;

export type RelabelAction = (typeof RELABEL_ACTIONS)[number];

export interface RelabelRule {
  readonly action: RelabelAction;
  readonly sourceLabels: readonly string[];
  readonly separator: string;
  /** Anchored at both ends; `.` matches a line break too. See relabelRegex. */
  readonly regex: Regex;
  /** '' of actions that have none. */
  readonly targetLabel: string;
  readonly replacement: string;
  /** Of hashmod, above 0 and below 2^53; else 0. */
  readonly modulus: number;
}
