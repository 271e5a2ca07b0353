/** Relabel rules as they are written. Source: Prometheus 3, model/relabel/relabel.go, Validate. */
import { parsed, section } from '@vigie/core/config/fields';
import type { Findings } from '@vigie/core/config/findings';
import type { ConfigPath } from '@vigie/core/config/problem';
import { optionalText, textOr } from '@vigie/core/config/written-fields';
import { RegexError, regexProblem } from '@vigie/core/regex';
import * as v from 'valibot';
import { DEFAULT_REGEX, relabelRegex } from '../relabel/relabel-regex.ts';
import { RELABEL_ACTIONS, type RelabelAction, type RelabelRule } from '../relabel/relabel-rule.ts';
import { count } from './written-fields.ts';

const DEFAULT_SEPARATOR = ';';
const DEFAULT_REPLACEMENT = '$1';

const actions: ReadonlyMap<string, RelabelAction> = new Map(RELABEL_ACTIONS.map((action) => [action, action]));

const ruleSection = section({
  source_labels: v.nullish(v.array(optionalText)),
  separator: textOr(DEFAULT_SEPARATOR),
  regex: v.optional(v.nullable(v.string())),
  modulus: count(0),
  target_label: optionalText,
  replacement: textOr(DEFAULT_REPLACEMENT),
  action: v.nullish(
    parsed(`one of ${RELABEL_ACTIONS.join(', ')}`, (written) => actions.get(written.toLowerCase())),
    'replace',
  ),
});

type WrittenRule = v.InferOutput<typeof ruleSection>;

/** `relabel_configs` and its kin. */
export const relabelSection = v.nullish(v.array(ruleSection), []);

export function readRelabelRules(
  written: readonly WrittenRule[],
  path: ConfigPath,
  findings: Findings,
): readonly RelabelRule[] {
  return written.flatMap((rule, index) => readRule(rule, [...path, index], findings) ?? []);
}

/** @returns undefined where its regex is none */
function readRule(written: WrittenRule, path: ConfigPath, findings: Findings): RelabelRule | undefined {
  checkTarget(written, path, findings);
  checkAlone(written, path, findings);
  const sourceLabels = written.source_labels ?? [];
  for (const [index, name] of sourceLabels.entries())
    if (name === '') findings.problem([...path, 'source_labels', index], 'the name of a label');
  // A regex without a value is one that matches the empty text alone.
  const source = written.regex === undefined ? DEFAULT_REGEX : (written.regex ?? '');
  try {
    return {
      action: written.action,
      sourceLabels,
      separator: written.separator,
      regex: relabelRegex(source),
      targetLabel: written.target_label,
      replacement: written.replacement,
      modulus: written.modulus,
    };
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    findings.problem([...path, 'regex'], `a regular expression (${regexProblem(source) ?? error.message})`);
    return undefined;
  }
}

function checkTarget(
  { action, target_label, replacement, modulus }: WrittenRule,
  path: ConfigPath,
  findings: Findings,
) {
  switch (action) {
    case 'hashmod':
      if (modulus === 0) findings.problem([...path, 'modulus'], 'a modulus above 0 for the action hashmod');
      break;
    case 'labelmap':
      if (replacement === '') findings.problem([...path, 'replacement'], 'the name of a label, with groups or without');
      return;
    case 'keep':
    case 'drop':
    case 'labeldrop':
    case 'labelkeep':
      return;
    case 'replace':
      break;
    case 'lowercase':
    case 'uppercase':
    case 'keepequal':
    case 'dropequal':
      if (replacement !== DEFAULT_REPLACEMENT)
        findings.problemAtKey([...path, 'replacement'], `no replacement for the action ${action}`);
      break;
  }
  if (target_label === '') findings.problem([...path, 'target_label'], `a target_label for the action ${action}`);
}

/** Keys that would have no effect are refused: their writer means something else. */
function checkAlone(written: WrittenRule, path: ConfigPath, findings: Findings): void {
  const { action } = written;
  const isSet = {
    source_labels: written.source_labels != null,
    target_label: written.target_label !== '',
    modulus: written.modulus !== 0,
    separator: written.separator !== DEFAULT_SEPARATOR,
    regex: written.regex !== undefined,
    replacement: written.replacement !== DEFAULT_REPLACEMENT,
  };
  const refuse = (keys: readonly (keyof typeof isSet)[], needs: string): void => {
    for (const key of keys)
      if (isSet[key]) findings.problemAtKey([...path, key], `only ${needs} for the action ${action}`);
  };
  if (action === 'keepequal' || action === 'dropequal')
    refuse(['modulus', 'separator', 'regex'], 'source_labels and target_label');
  if (action === 'labeldrop' || action === 'labelkeep')
    refuse(['source_labels', 'target_label', 'modulus', 'separator', 'replacement'], 'regex');
}
