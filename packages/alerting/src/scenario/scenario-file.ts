/** Scenarios: series and rules, and who is to be told of what comes of them, when, in which words. Format: docs/reference/scenarios.md. */
import { AS_WRITTEN } from '@vigie/core/config/environment';
import { duration, named, parsed, section } from '@vigie/core/config/fields';
import { type LoadedConfig, parseConfig } from '@vigie/core/config/load';
import { ConfigError, type ConfigPath, type ConfigProblem } from '@vigie/core/config/problem';
import { describeError } from '@vigie/core/errors';
import { parseSeriesLine, type SeriesLine } from '@vigie/promql/script/series-line';
import * as v from 'valibot';
import { parseApiTime } from '../api/api-time.ts';
import { optionalText, textList } from '../config/written-fields.ts';
import type { AlertMatcher } from '../matchers/alert-matcher.ts';
import { parseMatchers } from '../matchers/parse-matchers.ts';
import { type AlertPattern, parseAlertPattern } from './alert-pattern.ts';

/** Why nobody is told of an alert.
 *  - inactive: it is not found; pending: not for long enough
 *  - route: it goes to other receivers
 *  - silence, inhibition, time_interval: that mutes it
 *  - waiting: its group has not been told by the end */
export const REASONS = ['inactive', 'pending', 'route', 'silence', 'inhibition', 'time_interval', 'waiting'] as const;
export type Reason = (typeof REASONS)[number];

export interface ExpectedNotification {
  /** `shop.yml:31` */
  readonly place: string;
  /** Since the start. */
  readonly atMs: number;
  readonly receiver: string;
  /** Kind of its integration; undefined: each that it has. */
  readonly integration: string | undefined;
  readonly firing: readonly AlertPattern[];
  readonly resolved: readonly AlertPattern[];
  /** Each is in what is shown. */
  readonly texts: readonly string[];
}

export interface UntoldAlert {
  readonly place: string;
  readonly alert: AlertPattern;
  /** undefined: all. */
  readonly receiver: string | undefined;
  /** undefined: any. */
  readonly because: Reason | undefined;
}

export interface ScenarioSilence {
  readonly matchers: readonly AlertMatcher[];
  /** Since the start. */
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface Scenario {
  readonly name: string;
  /** `shop.yml:9` */
  readonly place: string;
  /** Unix ms, of the first values and the first evaluation. */
  readonly startMs: number;
  /** Between values. */
  readonly intervalMs: number;
  readonly lengthMs: number;
  readonly series: readonly SeriesLine[];
  readonly silences: readonly ScenarioSilence[];
  /** Whose notifications are all named; undefined: of all. */
  readonly receivers: readonly string[] | undefined;
  readonly notified: readonly ExpectedNotification[];
  readonly notNotified: readonly UntoldAlert[];
}

export interface ScenarioFile {
  /** Patterns, relative to the file. */
  readonly ruleFiles: readonly string[];
  /** Path, relative to the file. */
  readonly alertmanagerConfig: string;
  readonly evaluationIntervalMs: number;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
  readonly scenarios: readonly Scenario[];
}

const DEFAULT_INTERVAL_MS = 60_000;
/** A Thursday. */
const DEFAULT_START = '2026-01-01T00:00:00Z';

const time = v.nullish(duration(), 0);
const oneOrMore = v.nullish(v.union([v.array(v.string()), v.string()]), []);

const notifiedSection = section({
  at: duration(),
  receiver: v.string(),
  integration: optionalText,
  firing: textList,
  resolved: textList,
  text: oneOrMore,
});

const scenarioSection = section({
  name: v.string(),
  start: v.nullish(
    parsed('a time such as 2026-11-30T22:00:00Z', (written) => (written === '' ? undefined : parseApiTime(written))),
    DEFAULT_START,
  ),
  lasts: v.nullish(duration({ min: 1 })),
  interval: v.nullish(duration({ min: 1 })),
  input_series: v.nullish(v.array(section({ series: v.string(), values: v.string() })), []),
  silences: v.nullish(
    v.array(section({ matchers: v.array(v.string()), from: time, until: v.nullish(duration()) })),
    [],
  ),
  receivers: v.nullish(v.array(v.string())),
  notified: v.nullish(v.array(notifiedSection), []),
  not_notified: v.nullish(
    v.array(section({ alert: v.string(), receiver: optionalText, because: v.nullish(v.picklist(REASONS)) })),
    [],
  ),
});

const fileSection = section({
  rule_files: textList,
  alertmanager_config: v.pipe(v.string(), v.nonEmpty('the path of an alertmanager.yml')),
  evaluation_interval: v.nullish(duration({ min: 1 })),
  external_labels: v.nullish(named(optionalText), {}),
  external_url: optionalText,
  scenarios: v.pipe(v.array(scenarioSection), v.minLength(1, 'at least one scenario')),
});

type WrittenScenario = v.InferOutput<typeof scenarioSection>;
type WrittenNotified = v.InferOutput<typeof notifiedSection>;

/** Whether it is a file of scenarios, and not one of promtool. */
export function hasScenarios(source: string): boolean {
  return /^scenarios:/m.test(source);
}

/** @param file only named, in problems and places
 *  @throws {ConfigError} with every problem in it */
export function parseScenarioFile(source: string, file: string): ScenarioFile {
  const loaded = parseConfig(source, file, fileSection, AS_WRITTEN);
  const { value } = loaded;
  const reader = new ScenarioReader(loaded, file);
  const evaluationIntervalMs = value.evaluation_interval ?? DEFAULT_INTERVAL_MS;
  const scenarios = value.scenarios.map((one, index) =>
    reader.scenario(one, ['scenarios', index], evaluationIntervalMs),
  );
  if (reader.problems.length > 0) throw new ConfigError(reader.problems);
  return {
    ruleFiles: value.rule_files,
    alertmanagerConfig: value.alertmanager_config,
    evaluationIntervalMs,
    externalLabels: value.external_labels,
    externalUrl: value.external_url.replace(/\/+$/, ''),
    scenarios,
  };
}

class ScenarioReader {
  readonly problems: ConfigProblem[] = [];
  readonly #at: Pick<LoadedConfig<unknown>, 'problemAt'>;
  readonly #file: string;

  constructor(at: Pick<LoadedConfig<unknown>, 'problemAt'>, file: string) {
    this.#at = at;
    this.#file = file;
  }

  scenario(written: WrittenScenario, path: ConfigPath, evaluationIntervalMs: number): Scenario {
    const intervalMs = written.interval ?? evaluationIntervalMs;
    const series = written.input_series.flatMap((one, index) =>
      this.#read('a series with its values', [...path, 'input_series', index], () =>
        parseSeriesLine(`${one.series} ${one.values}`, 0),
      ),
    );
    const ends = [
      ...series.map(({ values }) => (values.length - 1) * intervalMs),
      ...written.notified.map(({ at }) => at),
    ];
    const lengthMs = written.lasts ?? Math.max(0, ...ends);
    return {
      name: written.name,
      place: this.#place(path),
      startMs: written.start,
      intervalMs,
      lengthMs,
      series,
      silences: written.silences.map(({ matchers, from, until }, index) => ({
        matchers: this.#read('matchers', [...path, 'silences', index, 'matchers'], () =>
          matchers.flatMap((text) => parseMatchers(text).matchers),
        ).flat(),
        fromMs: from,
        untilMs: until ?? lengthMs,
      })),
      receivers: written.receivers ?? undefined,
      notified: written.notified.map((one, index) => this.#notified(one, [...path, 'notified', index])),
      notNotified: written.not_notified.flatMap(({ alert, receiver, because }, index) => {
        const at = [...path, 'not_notified', index];
        return this.#patterns([alert], [...at, 'alert']).map((pattern) => ({
          place: this.#place(at),
          alert: pattern,
          receiver: receiver || undefined,
          because: because ?? undefined,
        }));
      }),
    };
  }

  #notified(
    { at, receiver, integration, firing, resolved, text }: WrittenNotified,
    path: ConfigPath,
  ): ExpectedNotification {
    if (firing.length + resolved.length === 0) this.#problem(path, 'firing or resolved, the alerts that it tells of');
    return {
      place: this.#place(path),
      atMs: at,
      receiver,
      integration: integration || undefined,
      firing: this.#patterns(firing, [...path, 'firing']),
      resolved: this.#patterns(resolved, [...path, 'resolved']),
      texts: [text].flat(),
    };
  }

  #patterns(texts: readonly string[], path: ConfigPath): readonly AlertPattern[] {
    return texts.flatMap((text) => this.#read('an alert such as Slow{job="web"}', path, () => parseAlertPattern(text)));
  }

  /** @returns a list of what was read, none where it cannot be */
  #read<T>(expected: string, path: ConfigPath, read: () => T): readonly T[] {
    try {
      return [read()];
    } catch (error) {
      this.#problem(path, `${expected} (${describeError(error)})`);
      return [];
    }
  }

  #problem(path: ConfigPath, expected: string): void {
    this.problems.push(this.#at.problemAt(path, expected));
  }

  #place(path: ConfigPath): string {
    return `${this.#file}:${this.#at.problemAt(path, '').line}`;
  }
}
