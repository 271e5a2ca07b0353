/** What stands in a rule file, and in a PrometheusRule object of the Prometheus operator. Source: Prometheus, model/rulefmt. */
import { duration, named, parsed, section } from '@vigie/core/config/fields';
import * as v from 'valibot';

/** Go's decoder takes nothing for the empty text, as in `severity:`. */
const text = v.nullish(v.string(), '');
const texts = v.nullish(named(text), {});
const wait = v.nullish(duration(), 0);

/** Of a rule, whatever its expression is written in. */
export const ruleFields = {
  record: text,
  alert: text,
  expr: text,
  for: wait,
  keep_firing_for: wait,
  labels: texts,
  annotations: texts,
};

export function ruleGroups<const Rule extends v.GenericSchema>(rule: Rule) {
  return v.nullish(
    v.array(
      section({
        name: text,
        interval: wait,
        query_offset: v.nullish(duration()),
        limit: v.nullish(
          parsed('a whole number', (written) => (/^-?\d{1,9}$/.test(written) ? Number(written) : undefined)),
          0,
        ),
        labels: texts,
        rules: v.nullish(v.array(rule), []),
      }),
    ),
    [],
  );
}

const groups = ruleGroups(section(ruleFields));

const ruleFile = section({ groups });

const prometheusRule = section({
  apiVersion: text,
  kind: v.literal('PrometheusRule'),
  metadata: v.optional(v.unknown()),
  spec: section({ groups }),
  status: v.optional(v.unknown()),
});

/** Each kind with what it may hold, so that a problem is told of the kind that the file is of. */
export const ruleFileSchema = v.lazy((input: unknown) =>
  typeof input === 'object' && input !== null && 'kind' in input ? prometheusRule : ruleFile,
);

type WrittenFile = v.InferOutput<typeof ruleFile> | v.InferOutput<typeof prometheusRule>;
type PromqlGroup = v.InferOutput<typeof ruleFile>['groups'][number];
export type WrittenRule = PromqlGroup['rules'][number];
export type WrittenGroup<Rule extends WrittenRule = WrittenRule> = Omit<PromqlGroup, 'rules'> & {
  readonly rules: readonly Rule[];
};

export interface WrittenGroups {
  readonly groups: readonly WrittenGroup[];
  /** Where they stand in the document. */
  readonly path: readonly string[];
}

export function groupsOf(file: WrittenFile): WrittenGroups {
  return 'spec' in file
    ? { groups: file.spec.groups, path: ['spec', 'groups'] }
    : { groups: file.groups, path: ['groups'] };
}
