/** What stands in a rule file, and in a PrometheusRule object of the Prometheus operator; and what vmalert has besides. Source: Prometheus,
 *  model/rulefmt; VictoriaMetrics, app/vmalert/config/config.go. */
import { duration, named, parsed, refused, section } from '@vigie/core/config/fields';
import * as v from 'valibot';

/** Go's decoder takes nothing for the empty text, as in `severity:`. */
const text = v.nullish(v.string(), '');
const texts = v.nullish(named(text), {});
const wait = v.nullish(duration(), 0);

/** Read, and without effect. */
const ignored = v.optional(v.unknown());

const wholeNumber = (pattern: RegExp, expected: string) =>
  parsed(expected, (written) => (pattern.test(written) ? Number(written) : undefined));

/** Of a rule, whatever its expression is written in. */
export const ruleFields = {
  record: text,
  alert: text,
  expr: text,
  for: wait,
  keep_firing_for: wait,
  labels: texts,
  annotations: texts,
  debug: ignored,
  update_entries_limit: ignored,
};

/** `Name: value` */
const headerLine = parsed('a header such as "X-Scope-OrgID: team"', (written) => {
  const [, name, value = ''] = /^([!#$%&'*+.^_`|~\w-]+)\s*:\s*([^\r\n]*?)\s*$/.exec(written) ?? [];
  return name === undefined ? undefined : ([name.toLowerCase(), value] as const);
});

export function ruleGroups<const Rule extends v.GenericSchema>(rule: Rule) {
  return v.nullish(
    v.array(
      section({
        name: text,
        interval: wait,
        query_offset: v.nullish(duration()),
        limit: v.nullish(wholeNumber(/^-?\d{1,9}$/, 'a whole number'), 0),
        type: v.nullish(v.literal('prometheus', 'prometheus: groups of another type are not evaluated')),
        eval_offset: v.nullish(duration()),
        eval_delay: v.nullish(duration()),
        concurrency: v.nullish(wholeNumber(/^\d{1,3}$/, 'a whole number, 0 to 999'), 0),
        params: v.nullish(named(v.array(text)), {}),
        headers: v.nullish(v.array(headerLine), []),
        notifier_headers: ignored,
        eval_alignment: ignored,
        debug: ignored,
        tenant: refused('no such key: tenants are named by headers or params of the group'),
        labels: texts,
        rules: v.nullish(v.array(rule), []),
      }),
    ),
    [],
  );
}

const ofLogs = refused(
  'no key of rules on logs: those stand in log_rule_files, and `vigie check rules --logs STORE` checks them',
);

/** What others write into the wrong file. */
const fieldsOfLogRules = { rate: ofLogs, pattern: ofLogs, absence: ofLogs, new_term: ofLogs, late_lines: ofLogs };

const groups = ruleGroups(section({ ...ruleFields, ...fieldsOfLogRules }));

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
export type WrittenRule = Omit<PromqlGroup['rules'][number], keyof typeof fieldsOfLogRules>;
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
