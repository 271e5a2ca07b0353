/** What an AlertmanagerConfig object adds to alertmanager.yml. Source: prometheus-operator, pkg/alertmanager/amcfg.go. */
import type { AssetLookup } from '@vigie/kube/custom-objects/assets';
import type { CustomObject } from '@vigie/kube/custom-objects/custom-object';
import type { Fields } from '@vigie/kube/custom-objects/fields';
import * as v from 'valibot';
import { AlertMatcher } from '../matchers/alert-matcher.ts';
import { MatcherError } from '../matchers/matcher-error.ts';
import { writtenReceiver } from './receiver-fields.ts';

/** Whose alerts the routes and inhibitions of an object are for: those of its namespace, or all. */
export type MatcherStrategy = 'namespace' | 'none';

export interface AlertmanagerConfigContext {
  readonly assets: AssetLookup;
  readonly fileAccess: boolean;
  readonly matcherStrategy: MatcherStrategy;
}

/** Entries of alertmanager.yml, with names that begin with those of the object. */
export interface Fragment {
  /** Goes before those of the file, and lets them be tried too; undefined: receivers have nobody that leads to them. */
  readonly route: Fields | undefined;
  readonly receivers: readonly Fields[];
  readonly inhibitRules: readonly Fields[];
  readonly timeIntervals: readonly Fields[];
  /** The key of the object's time intervals, which its versions call otherwise. */
  readonly intervalsKey: 'muteTimeIntervals' | 'timeIntervals';
}

export type FragmentOutcome =
  | { readonly status: 'written'; readonly fragment: Fragment; readonly warnings: readonly string[] }
  /** Each with its path, without values. */
  | { readonly status: 'refused'; readonly problems: readonly string[] };

const text = v.nullish(v.string(), '');
const texts = v.nullish(v.array(v.string()), []);
const matcherSchema = v.object({
  name: text,
  value: text,
  matchType: v.nullish(v.picklist(['', '=', '!=', '=~', '!~']), ''),
  regex: v.nullish(v.boolean(), false),
});
const matchers = v.nullish(v.array(matcherSchema), []);
const routeSchema = v.object({
  receiver: text,
  groupBy: texts,
  groupWait: text,
  groupInterval: text,
  repeatInterval: text,
  matchers,
  continue: v.nullish(v.boolean(), false),
  muteTimeIntervals: texts,
  activeTimeIntervals: texts,
  routes: v.nullish(v.array(v.unknown()), []),
});
const inhibitSchema = v.object({ sourceMatch: matchers, targetMatch: matchers, equal: texts });
const number = v.union([v.number(), v.string()]);
const intervalSchema = v.object({
  name: text,
  timeIntervals: v.nullish(
    v.array(
      v.object({
        times: v.nullish(v.array(v.object({ startTime: text, endTime: text }))),
        weekdays: v.nullish(v.array(v.string())),
        daysOfMonth: v.nullish(v.array(v.object({ start: number, end: v.nullish(number) }))),
        months: v.nullish(v.array(v.string())),
        years: v.nullish(v.array(v.string())),
      }),
    ),
    [],
  ),
});
const list = v.nullish(v.array(v.unknown()), []);
const specSchema = v.looseObject({
  route: v.optional(v.unknown()),
  receivers: list,
  inhibitRules: list,
  muteTimeIntervals: list,
  timeIntervals: list,
});
/** As a tree in a file. */
const DEEPEST = 100;

/** Secrets that have not been read yet stand in it as ''. */
export function fragmentOf(object: Omit<CustomObject, 'kind'>, context: AlertmanagerConfigContext): FragmentOutcome {
  const spec = v.safeParse(specSchema, object.spec ?? {});
  if (!spec.success)
    return { status: 'refused', problems: ['spec: expected a route and lists of receivers and rules'] };
  const writer = new FragmentWriter(object, context);
  const { route, receivers, inhibitRules, muteTimeIntervals, timeIntervals } = spec.output;
  const intervalsKey = timeIntervals.length > 0 ? 'timeIntervals' : 'muteTimeIntervals';
  const intervals = intervalsKey === 'timeIntervals' ? timeIntervals : muteTimeIntervals;
  const isRouted = route !== undefined && route !== null;
  const fragment: Fragment = {
    route: isRouted ? writer.rootRoute(route) : undefined,
    // As the operator has it: without a route nobody is told.
    receivers: isRouted
      ? receivers.map((receiver, index) => writer.receiver(receiver, `spec.receivers[${index}]`))
      : [],
    inhibitRules: inhibitRules.map((rule, index) => writer.inhibitRule(rule, `spec.inhibitRules[${index}]`)),
    timeIntervals: isRouted
      ? intervals.map((interval, index) => writer.timeInterval(interval, `spec.${intervalsKey}[${index}]`))
      : [],
    intervalsKey,
  };
  const problems = [...writer.problems, ...context.assets.problems];
  return problems.length > 0
    ? { status: 'refused', problems }
    : { status: 'written', fragment, warnings: writer.warnings };
}

class FragmentWriter {
  readonly problems: string[] = [];
  readonly warnings: string[] = [];
  readonly #prefix: string;
  readonly #context: AlertmanagerConfigContext;
  /** Matchers of what is for the alerts of the object's namespace. */
  readonly #own: readonly string[];

  constructor({ namespace, name }: Pick<CustomObject, 'namespace' | 'name'>, context: AlertmanagerConfigContext) {
    this.#prefix = `${namespace}/${name}/`;
    this.#context = context;
    this.#own = context.matcherStrategy === 'none' ? [] : [String(new AlertMatcher('namespace', '=', namespace))];
  }

  rootRoute(written: unknown): Fields {
    const route = this.#route(written, 'spec.route', 0);
    if ((route.receiver ?? '') === '') this.problems.push('spec.route.receiver: expected the name of a receiver');
    const matchers = Array.isArray(route.matchers) ? route.matchers : [];
    // Those of the file are for all alerts, these too.
    return { ...route, matchers: [...matchers, ...this.#own], continue: true };
  }

  receiver(written: unknown, path: string): Fields {
    const { assets, fileAccess } = this.#context;
    const { problems, warnings } = this;
    return writtenReceiver(written, path, {
      assets,
      fileAccess,
      problems,
      warnings,
      named: (name) => this.#named(name),
    });
  }

  inhibitRule(written: unknown, path: string): Fields {
    const decoded = v.safeParse(inhibitSchema, written);
    if (!decoded.success) return this.#refuse(path, 'sourceMatch, targetMatch and equal');
    const { sourceMatch, targetMatch, equal } = decoded.output;
    return {
      source_matchers: this.#enforced(this.#matchers(sourceMatch, `${path}.sourceMatch`)),
      target_matchers: this.#enforced(this.#matchers(targetMatch, `${path}.targetMatch`)),
      equal,
    };
  }

  timeInterval(written: unknown, path: string): Fields {
    const decoded = v.safeParse(intervalSchema, written);
    if (!decoded.success) return this.#refuse(path, 'a name and timeIntervals');
    const { name, timeIntervals } = decoded.output;
    if (name === '') this.problems.push(`${path}.name: expected the name of the interval`);
    return {
      name: this.#named(name),
      time_intervals: timeIntervals.map(({ times, weekdays, daysOfMonth, months, years }) => ({
        ...(times != null && {
          times: times.map(({ startTime, endTime }) => ({ start_time: startTime, end_time: endTime })),
        }),
        ...(weekdays != null && { weekdays: weekdays.map((day) => day.toLowerCase()) }),
        ...(daysOfMonth != null && {
          days_of_month: daysOfMonth.map(({ start, end }) => (end == null ? String(start) : `${start}:${end}`)),
        }),
        ...(months != null && { months: months.map((month) => month.toLowerCase()) }),
        ...(years != null && { years }),
      })),
    };
  }

  #route(written: unknown, path: string, depth: number): Fields {
    const decoded = v.safeParse(routeSchema, written);
    if (!decoded.success || depth > DEEPEST) return this.#refuse(path, 'a route');
    const route = decoded.output;
    const waits = {
      group_wait: route.groupWait,
      group_interval: route.groupInterval,
      repeat_interval: route.repeatInterval,
    };
    return {
      receiver: this.#named(route.receiver),
      ...(route.groupBy.length > 0 && { group_by: route.groupBy }),
      ...Object.fromEntries(Object.entries(waits).filter(([, wait]) => wait !== '')),
      matchers: this.#matchers(route.matchers, `${path}.matchers`),
      ...(route.continue && { continue: true }),
      mute_time_intervals: route.muteTimeIntervals.map((name) => this.#named(name)),
      active_time_intervals: route.activeTimeIntervals.map((name) => this.#named(name)),
      routes: route.routes.map((inner, index) => this.#route(inner, `${path}.routes[${index}]`, depth + 1)),
    };
  }

  #matchers(written: v.InferOutput<typeof matchers>, path: string): readonly string[] {
    return written.flatMap(({ name, value, matchType, regex }, index) => {
      try {
        return String(new AlertMatcher(name, matchType || (regex ? '=~' : '='), value));
      } catch (error) {
        if (!(error instanceof MatcherError)) throw error;
        this.problems.push(`${path}[${index}]: expected a matcher (${error.message})`);
        return [];
      }
    });
  }

  #enforced(written: readonly string[]): readonly string[] {
    return [...written, ...this.#own.filter((own) => !written.includes(own))];
  }

  /** '' stays it: a route without a receiver has that of the one above. */
  #named(name: string): string {
    return name === '' ? '' : this.#prefix + name;
  }

  #refuse(path: string, expected: string): Fields {
    this.problems.push(`${path}: expected ${expected}`);
    return {};
  }
}
