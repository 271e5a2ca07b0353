/** `inhibition` of alerting.yaml: what an alertmanager.yml has no words for. */
import { duration, named, section, text } from '@vigie/core/config/fields';
import type { ReadContext } from '@vigie/core/config/findings';
import type { ConfigPath } from '@vigie/core/config/problem';
import { optionalText, textList } from '@vigie/core/config/written-fields';
import { escapeRegex } from '@vigie/core/regex/escape-regex';
import * as v from 'valibot';
import { AlertMatcher, sortMatchers } from '../matchers/alert-matcher.ts';
import type { InhibitRule } from './inhibition-section.ts';
import { matchersList, readMatchers } from './matchers-section.ts';

const rule = section({
  name: optionalText,
  source_matchers: matchersList,
  target_matchers: matchersList,
  equal: textList,
});

const dependency = section({
  label: text(),
  depends_on: named(v.array(text())),
  source_matchers: matchersList,
  target_matchers: matchersList,
  equal: textList,
});

export const furtherInhibitionSection = section({
  hold: v.nullish(duration(), '0s'),
  rules: v.nullish(v.array(rule), []),
  dependencies: v.nullish(v.array(dependency), []),
});

type Written = v.InferOutput<typeof furtherInhibitionSection>;

export interface FurtherInhibition {
  /** For how long an alert waits for a pending one that would inhibit it, since it began. */
  readonly holdMs: number;
  readonly rules: readonly InhibitRule[];
}

export function readFurtherInhibition({ hold, rules, dependencies }: Written, context: ReadContext): FurtherInhibition {
  const path: ConfigPath = ['inhibition'];
  return {
    holdMs: hold,
    rules: [
      ...rules.map((one, index) => readRule(one, [...path, 'rules', index], context)),
      ...dependencies.flatMap((one, index) => readDependency(one, [...path, 'dependencies', index], context)),
    ],
  };
}

type Part = Pick<Written['rules'][number], 'source_matchers' | 'target_matchers' | 'equal'>;

function readRule(written: Written['rules'][number], path: ConfigPath, context: ReadContext): InhibitRule {
  const { source, target, ...equal } = readPart(written, path, context);
  for (const [key, matchers] of [
    ['source_matchers', source],
    ['target_matchers', target],
  ] as const) {
    if (matchers.length === 0)
      context.findings.problem([...path, key], 'at least one matcher: without, every alert is meant');
  }
  return { name: written.name, place: placeOf(path), source, target, ...equal };
}

/** A rule for each value that depends on others. */
function readDependency(
  written: Written['dependencies'][number],
  path: ConfigPath,
  context: ReadContext,
): readonly InhibitRule[] {
  const { label, depends_on: on } = written;
  const { source, target, ...equal } = readPart(written, path, context);
  return Object.keys(on).flatMap((value) => {
    const reached = [...reachedFrom(value, on)].map(escapeRegex);
    if (reached.length === 0) return [];
    return [
      {
        name: `${label}=${value}`,
        place: placeOf(path),
        source: sortMatchers([new AlertMatcher(label, '=~', reached.join('|')), ...source]),
        target: sortMatchers([new AlertMatcher(label, '=', value), ...target]),
        ...equal,
      },
    ];
  });
}

/** Of a circle, each of the others. */
function reachedFrom(value: string, on: Readonly<Record<string, readonly string[]>>): ReadonlySet<string> {
  const reached = new Set<string>();
  const open = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const one of Object.hasOwn(on, next) ? (on[next] ?? []) : []) {
      if (reached.has(one) || one === value) continue;
      reached.add(one);
      open.push(one);
    }
  }
  return reached;
}

function readPart(written: Part, path: ConfigPath, context: ReadContext) {
  const { source_matchers, target_matchers } = written;
  const none = { match: {}, matchRegex: {} };
  const pairs = written.equal.map((text, index) => readPair(text, [...path, 'equal', index], context));
  return {
    source: readMatchers({ matchers: source_matchers, ...none }, path, 'source_', context),
    target: readMatchers({ matchers: target_matchers, ...none }, path, 'target_', context),
    equal: pairs.map(([source]) => source),
    equalOfTarget: pairs.map(([, target]) => target),
  };
}

/** `node`, or `node=instance` where the other alert calls it otherwise. */
function readPair(text: string, path: ConfigPath, { findings }: ReadContext): readonly [string, string] {
  const [source = '', target = source, ...others] = text.split('=').map((name) => name.trim());
  if (source === '' || target === '' || others.length > 0)
    findings.problem(path, 'the name of a label, or two: of the alert that inhibits = of the one that is inhibited');
  return [source, target];
}

function placeOf(path: ConfigPath): string {
  return `inhibition.${String(path[1])}[${String(path[2])}]`;
}
