/** Relabeling: rules that rewrite a label set, or drop it. Source: Prometheus 3, model/relabel/relabel.go. */
import { createHash } from 'node:crypto';
import { assertNever } from '@vigie/core/errors';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { compileExpansion } from './expansion.ts';
import { LabelBuilder } from './label-builder.ts';
import { toLower, toUpper } from './letter-case.ts';
import type { RelabelRule } from './relabel-rule.ts';
import { wholeMatcher } from './whole-match.ts';

/** Applies the rules in order.
 *  @returns undefined where a rule drops it; the same object where no rule changes it
 *  Cost: some µs for a dozen rules; the first call with a rule compiles it. */
export function relabel(labels: LabelSet, rules: readonly RelabelRule[]): LabelSet | undefined {
  if (rules.length === 0) return labels;
  const builder = new LabelBuilder(labels);
  for (const rule of rules) if (!stepOf(rule)(builder)) return undefined;
  return builder.labels();
}

/** Whether the rules drop every label set that has these labels, whatever else it has: as far as can be told by the first of them, which
 *  mostly keep what is annotated, and look at nothing else.
 *  @param isKnown whether all such sets have the same value of the label, or none */
export function dropsAll(
  labels: Readonly<Record<string, string>>,
  rules: readonly RelabelRule[],
  isKnown: (name: string) => boolean,
): boolean {
  for (const rule of rules) {
    const { action, sourceLabels } = rule;
    if ((action !== 'keep' && action !== 'drop') || !sourceLabels.every(isKnown)) return false;
    const known = LabelSet.of(sourceLabels.map((name) => [name, labels[name] ?? ''] as const));
    if (!stepOf(rule)(new LabelBuilder(known))) return true;
  }
  return false;
}

/** @returns whether the labels are kept */
type Step = (builder: LabelBuilder) => boolean;

const steps = new WeakMap<RelabelRule, Step>();

function stepOf(rule: RelabelRule): Step {
  const known = steps.get(rule);
  if (known !== undefined) return known;
  const step = compileStep(rule);
  steps.set(rule, step);
  return step;
}

function compileStep(rule: RelabelRule): Step {
  const { action, targetLabel, replacement } = rule;
  const input = inputOf(rule);
  const matcher = wholeMatcher(rule.regex);
  switch (action) {
    case 'keep':
      return (builder) => matcher.test(input(builder));
    case 'drop':
      return (builder) => !matcher.test(input(builder));
    case 'keepequal':
      return (builder) => builder.get(targetLabel) === input(builder);
    case 'dropequal':
      return (builder) => builder.get(targetLabel) !== input(builder);
    case 'replace': {
      const target = compileExpansion(targetLabel, matcher.groupNames);
      const value = compileExpansion(replacement, matcher.groupNames);
      return (builder) => {
        const groups = matcher.match(input(builder));
        if (groups === undefined) return true;
        const name = target(groups);
        // A name that came out empty is none; any other text is.
        if (name !== '') builder.set(name, value(groups));
        return true;
      };
    }
    case 'hashmod':
      return (builder) => {
        builder.set(targetLabel, hashMod(input(builder), rule.modulus));
        return true;
      };
    case 'lowercase':
    case 'uppercase': {
      const convert = action === 'lowercase' ? toLower : toUpper;
      return (builder) => {
        builder.set(targetLabel, convert(input(builder)));
        return true;
      };
    }
    case 'labelmap': {
      const name = compileExpansion(replacement, matcher.groupNames);
      return (builder) => {
        for (const [label, value] of builder.entries()) {
          const groups = matcher.match(label);
          const mapped = groups === undefined ? '' : name(groups);
          if (mapped !== '') builder.set(mapped, value);
        }
        return true;
      };
    }
    case 'labeldrop':
    case 'labelkeep': {
      const removes = action === 'labeldrop';
      return (builder) => {
        for (const [label] of builder.entries()) if (matcher.test(label) === removes) builder.remove(label);
        return true;
      };
    }
    default:
      return assertNever(action);
  }
}

/** The values of the source labels, joined. */
function inputOf({ sourceLabels, separator }: RelabelRule): (builder: LabelBuilder) => string {
  const [first = ''] = sourceLabels;
  if (sourceLabels.length === 0) return () => '';
  if (sourceLabels.length === 1) return (builder) => builder.get(first);
  return (builder) => sourceLabels.map((name) => builder.get(name)).join(separator);
}

/** The last 8 bytes of the MD5, as Prometheus has had it from the beginning: shards have to agree. */
function hashMod(text: string, modulus: number): string {
  const digest = createHash('md5').update(text).digest();
  return String(digest.readBigUInt64BE(8) % BigInt(modulus));
}
