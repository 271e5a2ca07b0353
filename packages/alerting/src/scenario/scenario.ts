/** Scenarios: series, lines and rules, and who is to be told of what comes of them, when, in which words. */
import type { SeriesLine } from '@vigie/promql/script/series-line';
import type { AlertingConfig, LogDatasource, LogDelays } from '../config/alerting-config.ts';
import type { AlertMatcher } from '../matchers/alert-matcher.ts';
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
  /** undefined: to the end. */
  readonly untilMs: number | undefined;
  /** Such as those that say until when, or how often, it holds. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** Somebody is on it. */
export interface ScenarioAcknowledgement {
  readonly place: string;
  /** Each group in which such an alert fires then. */
  readonly alert: AlertPattern;
  /** Since the start. */
  readonly atMs: number;
  /** undefined: as long as it may. */
  readonly untilMs: number | undefined;
}

/** A receiver cannot be told for a time. */
export interface ReceiverFailure {
  readonly receiver: string;
  /** Since the start. */
  readonly fromMs: number;
  /** undefined: to the end. */
  readonly untilMs: number | undefined;
  /** What it answers. */
  readonly status: number;
}

/** Others send one of the heartbeats that are expected. */
export interface ScenarioHeartbeat {
  readonly name: string;
  /** Of the first, since the start. */
  readonly atMs: number;
  readonly everyMs: number;
  readonly times: number;
}

/** Files with lines that were recorded at another time. */
export interface RecordedFiles {
  /** `shop.yml:12` */
  readonly place: string;
  /** Patterns; those that are not absolute begin at the working directory. */
  readonly patterns: readonly string[];
  /** Since the start: when the line is written of which `originMs` is the time. */
  readonly atMs: number;
  /** Unix ms, as recorded; undefined: of the earliest line of all these files. */
  readonly originMs: number | undefined;
  /** How long each takes to arrive. */
  readonly lateMs: number;
  /** Since the start; none arrives before. */
  readonly arrivesMs: number;
  /** In place of what the files say, by the names of labels. */
  readonly fields: Readonly<Record<string, string>>;
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
  /** Whether it is longer where more is recorded. */
  readonly isOpenEnded: boolean;
  readonly series: readonly SeriesLine[];
  /** Ascending by their time. */
  readonly lines: readonly InputLine[];
  readonly recorded: readonly RecordedFiles[];
  readonly silences: readonly ScenarioSilence[];
  readonly acknowledgements: readonly ScenarioAcknowledgement[];
  readonly failures: readonly ReceiverFailure[];
  readonly heartbeats: readonly ScenarioHeartbeat[];
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
  /** What holds: the alerting.yaml that it names, or the defaults of one, and what it says itself. Patterns that are not absolute begin at the
   *  working directory. */
  readonly config: AlertingConfig;
  readonly logs: ScenarioStore;
  readonly scenarios: readonly Scenario[];
}
