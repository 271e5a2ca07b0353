/** `route`: the tree that says which receiver is told of which alerts. Source: Alertmanager, config/config.go, Route. */
import { section } from '@vigie/core/config/fields';
import type { ReadContext } from '@vigie/core/config/findings';
import type { ConfigPath } from '@vigie/core/config/problem';
import { flag, optionalText, textList, textMap } from '@vigie/core/config/written-fields';
import { quoteGo } from '@vigie/core/go-quote';
import * as v from 'valibot';
import type { AlertMatcher } from '../matchers/alert-matcher.ts';
import { matchersList, matchMap, matchRegexMap, readMatchers } from './matchers-section.ts';
import { optionalDuration } from './written-fields.ts';

/** A route as it is written: what it does not say is undefined, and inherited. */
export interface RouteConfig {
  readonly receiver: string | undefined;
  /** 'all': by every label, which `...` asks for. */
  readonly groupBy: readonly string[] | 'all' | undefined;
  /** Sorted; what an alert must fulfil to come here. */
  readonly matchers: readonly AlertMatcher[];
  /** Names of time intervals; not inherited. */
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
  /** Whether the routes after it are tried as well. */
  readonly continues: boolean;
  readonly groupWaitMs: number | undefined;
  readonly groupIntervalMs: number | undefined;
  readonly repeatIntervalMs: number | undefined;
  /** Attached to notifications; values may be templates. */
  readonly labels: Readonly<Record<string, string>>;
  readonly routes: readonly RouteConfig[];
}

export interface WrittenRoute {
  readonly receiver: string;
  readonly group_by?: readonly string[] | null | undefined;
  readonly match: Readonly<Record<string, string>>;
  readonly match_re: Readonly<Record<string, string | null>>;
  readonly matchers: readonly string[];
  readonly mute_time_intervals: readonly string[];
  readonly active_time_intervals: readonly string[];
  readonly continue: boolean;
  readonly group_wait?: number | null | undefined;
  readonly group_interval?: number | null | undefined;
  readonly repeat_interval?: number | null | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly routes: readonly WrittenRoute[];
}

/** An anchor that names what it stands in would make a tree without an end; trees that people write are a few levels deep. */
const DEEPEST = 100;

export const routeSection: v.GenericSchema<unknown, WrittenRoute> = bounded(
  section({
    receiver: optionalText,
    group_by: v.nullish(v.array(optionalText)),
    match: matchMap,
    match_re: matchRegexMap,
    matchers: matchersList,
    mute_time_intervals: textList,
    active_time_intervals: textList,
    continue: flag(false),
    group_wait: optionalDuration,
    group_interval: optionalDuration,
    repeat_interval: optionalDuration,
    labels: textMap,
    routes: v.nullish(v.array(v.lazy(() => routeSection)), []),
  }),
);

function bounded<Schema extends v.GenericSchema>(schema: Schema): Schema {
  let depth = 0;
  return {
    ...schema,
    '~run'(dataset, config) {
      depth++;
      try {
        if (depth <= DEEPEST) return schema['~run'](dataset, config);
        v._addIssue({ ...schema, message: `routes at most ${DEEPEST} levels deep` }, 'type', dataset, config);
        return dataset;
      } finally {
        depth--;
      }
    },
  };
}

/** What routes may name. */
export interface RouteNames {
  readonly receivers: ReadonlySet<string>;
  readonly timeIntervals: ReadonlySet<string>;
}

export function readRootRoute(written: WrittenRoute, names: RouteNames, context: ReadContext): RouteConfig {
  const { findings } = context;
  const path: ConfigPath = ['route'];
  if (written.receiver === '') findings.refuse(path, 'a receiver', 'root route must specify a default receiver');
  for (const key of ['match', 'match_re', 'matchers'] as const) {
    if (Object.keys(written[key]).length > 0)
      findings.refuseKey([...path, key], 'no matchers at the root', 'root route must not have any matchers');
  }
  for (const kind of ['mute', 'active'] as const) {
    const key = `${kind}_time_intervals` as const;
    const message = `root route must not have any ${kind} time intervals`;
    if (written[key].length > 0) findings.refuseKey([...path, key], 'no time intervals at the root', message);
  }
  if (written.continue)
    findings.refuseKey([...path, 'continue'], 'no continue at the root', 'cannot have continue in root route');
  return readRoute(written, path, names, context);
}

function readRoute(written: WrittenRoute, path: ConfigPath, names: RouteNames, context: ReadContext): RouteConfig {
  const { findings } = context;
  const { receiver, labels } = written;
  if (receiver !== '' && !names.receivers.has(receiver)) {
    const message = `undefined receiver ${quoteGo(receiver)} used in route`;
    findings.refuse([...path, 'receiver'], 'the name of a receiver', message);
  }
  for (const key of ['mute_time_intervals', 'active_time_intervals'] as const) {
    for (const [index, name] of written[key].entries()) {
      const message = `undefined time interval ${quoteGo(name)} used in route`;
      if (!names.timeIntervals.has(name))
        findings.refuse([...path, key, index], 'the name of a time interval', message);
    }
  }
  if (Object.hasOwn(labels, ''))
    findings.refuseKey([...path, 'labels', ''], 'the name of a label', 'invalid label name "" in route labels');
  for (const key of ['group_interval', 'repeat_interval'] as const) {
    if (written[key] === 0) findings.refuse([...path, key], 'a duration above 0', `${key} cannot be zero`);
  }
  const { matchers, match, match_re: matchRegex } = written;
  return {
    receiver: receiver || undefined,
    groupBy: readGroupBy(written, path, context),
    matchers: readMatchers({ matchers, match, matchRegex }, path, '', context),
    muteTimeIntervals: written.mute_time_intervals,
    activeTimeIntervals: written.active_time_intervals,
    continues: written.continue,
    groupWaitMs: written.group_wait ?? undefined,
    groupIntervalMs: written.group_interval ?? undefined,
    repeatIntervalMs: written.repeat_interval ?? undefined,
    labels,
    routes: written.routes.map((route, index) => readRoute(route, [...path, 'routes', index], names, context)),
  };
}

const EVERY_LABEL = '...';

function readGroupBy(written: WrittenRoute, path: ConfigPath, { findings }: ReadContext): RouteConfig['groupBy'] {
  if (written.group_by == null) return undefined;
  const names = new Set<string>();
  for (const [index, name] of written.group_by.entries()) {
    const at = [...path, 'group_by', index];
    if (name === '') findings.refuse(at, 'the name of a label', 'invalid label name "" in group_by list');
    if (names.has(name) && name !== EVERY_LABEL)
      findings.refuse(at, 'each label once', `duplicated label ${quoteGo(name)} in group_by`);
    names.add(name);
  }
  if (!names.has(EVERY_LABEL)) return [...names];
  if (names.size > 1) {
    const message = 'cannot have wildcard group_by (`...`) and other labels at the same time';
    findings.refuseKey([...path, 'group_by'], '... alone, or labels', message);
  }
  return 'all';
}
