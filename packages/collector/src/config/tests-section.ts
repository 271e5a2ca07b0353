/** `tests`: what relabeling is to make of given targets and series; `vigie check collector --test` runs them. */
import { named, section, text } from '@vigie/core/config/fields';
import type { Findings } from '@vigie/core/config/findings';
import type { ConfigPath } from '@vigie/core/config/problem';
import * as v from 'valibot';
import type { ScrapeConfig } from './collector-config.ts';

export interface RelabelTest {
  readonly name: string;
  readonly job: string;
  /** Before relabeling: of a target as discovery has it, or of a series as it is scraped. */
  readonly labels: Readonly<Record<string, string>>;
  readonly rules: 'relabel' | 'metricRelabel';
  /** undefined: it is dropped. */
  readonly expected: Readonly<Record<string, string>> | undefined;
}

const labels = named(v.string());
const outcome = v.union([labels, v.literal('dropped')], 'labels, or dropped');

export const testsSection = v.nullish(
  v.array(
    section({
      name: text(),
      job: text(),
      target: v.optional(labels),
      series: v.optional(labels),
      expect: outcome,
    }),
  ),
  [],
);

export function readTests(
  written: v.InferOutput<typeof testsSection>,
  path: ConfigPath,
  scrapes: readonly ScrapeConfig[],
  findings: Findings,
): readonly RelabelTest[] {
  return written.map(({ name, job, target, series, expect }, index) => {
    const at = [...path, index];
    if (!scrapes.some(({ jobName }) => jobName === job)) findings.problem([...at, 'job'], 'the name of a job');
    if ((target === undefined) === (series === undefined)) findings.problem(at, 'either target or series');
    return {
      name,
      job,
      labels: target ?? series ?? {},
      rules: target === undefined ? 'metricRelabel' : 'relabel',
      expected: expect === 'dropped' ? undefined : expect,
    };
  });
}
