/** Runs the `tests` of a configuration. */
import { bug } from '@vigie/core/errors';
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { CollectorConfig } from '../config/collector-config.ts';
import { relabel } from '../relabel/relabel.ts';

export interface RelabelTestResult {
  readonly name: string;
  /** Empty: passed. */
  readonly failures: readonly string[];
}

/** A label that a test gives and does not expect may stay as it is. */
export function runRelabelTests({ scrapes, tests }: CollectorConfig): readonly RelabelTestResult[] {
  return tests.map(({ name, job, labels, rules, expected }) => {
    const scrape = scrapes.find(({ jobName }) => jobName === job);
    if (scrape === undefined) throw bug(`the test ${name} is of no job`);
    // What every target has, and a test need not say.
    const own = rules === 'relabel' ? { job, __scheme__: scrape.scheme, __metrics_path__: scrape.metricsPath } : {};
    const got = relabel(LabelSet.of({ ...own, ...labels }), scrape[rules])?.toJSON();
    return { name, failures: differences(expected, got, { ...own, ...labels }) };
  });
}

function differences(
  expected: Readonly<Record<string, string>> | undefined,
  got: Readonly<Record<string, string>> | undefined,
  before: Readonly<Record<string, string>>,
): readonly string[] {
  if (got === undefined) return expected === undefined ? [] : ['expected labels, it was dropped'];
  if (expected === undefined) return ['expected it to be dropped, it was kept'];
  const names = new Set([...Object.keys(expected), ...Object.keys(got)]);
  return [...names].toSorted().flatMap((name) => {
    const wanted = expected[name] ?? '';
    const found = got[name] ?? '';
    if (wanted === found) return [];
    if (expected[name] === undefined && found === before[name]) return [];
    return [`${name}: expected ${JSON.stringify(wanted)}, got ${JSON.stringify(found)}`];
  });
}
