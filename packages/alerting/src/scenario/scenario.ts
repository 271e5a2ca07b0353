/** Scenarios: series, lines and rules, and who is to be told of what comes of them, when, in which words. */
import type { SeriesLine } from '@vigie/promql/script/series-line';
import type { LogDatasource, LogDelays } from '../config/alerting-config.ts';
import type { AlertMatcher } from '../matchers/alert-matcher.ts';
import type { ReceiverOptions } from '../notify/receiver.ts';
import type { AlertPattern } from './alert-pattern.ts';
import type { InputLine } from './input-lines.ts';

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
  /** Ascending by their time. */
  readonly lines: readonly InputLine[];
  readonly silences: readonly ScenarioSilence[];
  /** Whose notifications are all named; undefined: of all. */
  readonly receivers: readonly string[] | undefined;
  readonly notified: readonly ExpectedNotification[];
  readonly notNotified: readonly UntoldAlert[];
}

/** The log store that the lines of scenarios are in. */
export interface ScenarioStore extends LogDelays {
  readonly type: LogDatasource['type'];
}

export interface ScenarioFile {
  /** Patterns, relative to the file. */
  readonly ruleFiles: readonly string[];
  /** The same, of rules on logs. */
  readonly logRuleFiles: readonly string[];
  readonly logs: ScenarioStore;
  /** Path, relative to the file. */
  readonly alertmanagerConfig: string;
  readonly evaluationIntervalMs: number;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
  /** What receivers have beyond Alertmanager's configuration, by their names.
   *  @param names of the receivers that there are
   *  @throws {ConfigError} with every problem of them */
  readonly receiverOptions: (names: ReadonlySet<string>) => ReadonlyMap<string, ReceiverOptions>;
  readonly scenarios: readonly Scenario[];
}
