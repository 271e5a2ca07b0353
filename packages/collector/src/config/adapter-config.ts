/** prometheus-adapter's configuration: how series become metrics of the Kubernetes metrics APIs. Templates and regular expressions are as
 *  they are written; who uses them compiles them. Source: kubernetes-sigs/prometheus-adapter, pkg/config/config.go. */
import { named, section } from '@vigie/core/config/fields';
import { optionalFlag, optionalText } from '@vigie/core/config/written-fields';
import * as v from 'valibot';
import { wait } from './written-fields.ts';

export interface AdapterConfig {
  /** Of the custom metrics API. */
  readonly rules: readonly AdapterRule[];
  /** Of the external metrics API. */
  readonly externalRules: readonly AdapterRule[];
  /** Of the resource metrics API. */
  readonly resourceRules: AdapterResourceRules | undefined;
}

export interface AdapterRule {
  /** A selector of PromQL. */
  readonly seriesQuery: string;
  /** Against the names of the series that it finds; not anchored. Each with one of the two, '' for none. */
  readonly seriesFilters: readonly { readonly is?: string; readonly isNot?: string }[];
  readonly resources: AdapterResources;
  /** Both '' where not given. */
  readonly name: { readonly matches: string; readonly as: string };
  /** How old the newest sample of a value may be; undefined: as long as of all rules. The adapter itself has no such key. */
  readonly maxAgeMs?: number | undefined;
  /** A template with `<<` and `>>`. */
  readonly metricsQuery: string;
}

export interface AdapterResources {
  /** With `<<.Resource>>` and `<<.Group>>`; '' where not given. */
  readonly template: string;
  /** By label. */
  readonly overrides: Readonly<Record<string, { readonly group: string; readonly resource: string }>>;
  /** Of external metrics: whether they are of the namespace asked for. undefined: not given, they are. */
  readonly namespaced: boolean | undefined;
}

export interface AdapterResourceRules {
  readonly cpu: AdapterResourceRule;
  readonly memory: AdapterResourceRule;
  readonly windowMs: number;
}

export interface AdapterResourceRule {
  readonly containerQuery: string;
  readonly nodeQuery: string;
  readonly resources: AdapterResources;
  readonly containerLabel: string;
}

const groupResource = section({ group: optionalText, resource: optionalText });

const resources = v.pipe(
  v.nullish(
    section({ template: optionalText, overrides: v.nullish(named(groupResource), {}), namespaced: optionalFlag }),
    {},
  ),
  v.transform(({ namespaced, ...rest }): AdapterResources => ({ ...rest, namespaced: namespaced ?? undefined })),
);

const rule = v.pipe(
  section({
    seriesQuery: optionalText,
    seriesFilters: v.nullish(v.array(section({ is: optionalText, isNot: optionalText })), []),
    resources,
    name: v.nullish(section({ matches: optionalText, as: optionalText }), {}),
    metricsQuery: optionalText,
    maxAge: wait('0s'),
  }),
  v.transform(({ maxAge, ...rest }): AdapterRule => ({ ...rest, maxAgeMs: maxAge || undefined })),
);

const resourceRule = v.nullish(
  section({ containerQuery: optionalText, nodeQuery: optionalText, resources, containerLabel: optionalText }),
  {},
);

/** Keys below which `${name}` is a group of a regular expression. */
export const ADAPTER_LITERAL_KEYS = ['matches', 'as', 'is', 'isNot', 'seriesQuery', 'metricsQuery'] as const;

const contents = {
  rules: v.nullish(v.array(rule), []),
  externalRules: v.nullish(v.array(rule), []),
  resourceRules: v.nullish(section({ cpu: resourceRule, memory: resourceRule, window: wait('0s') })),
};

/** A file of prometheus-adapter. */
export const adapterFileSchema = section(contents);

/** The section of the collector: the same inline, or `{file: …}`. */
export const adapterSection = section({ file: optionalText, ...contents });

export function adapterOf(written: v.InferOutput<typeof adapterFileSchema>): AdapterConfig {
  const { rules, externalRules, resourceRules } = written;
  if (resourceRules == null) return { rules, externalRules, resourceRules: undefined };
  const { cpu, memory, window } = resourceRules;
  return { rules, externalRules, resourceRules: { cpu, memory, windowMs: window } };
}
