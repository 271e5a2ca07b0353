/** `time_intervals`, and their older name `mute_time_intervals`. Source: Alertmanager, timeinterval/timeinterval.go. */
import { section } from '@vigie/core/config/fields';
import type { ReadContext } from '@vigie/core/config/findings';
import type { ConfigPath } from '@vigie/core/config/problem';
import { optionalText } from '@vigie/core/config/written-fields';
import { quoteGo } from '@vigie/core/go-quote';
import * as v from 'valibot';
import {
  parseDaysOfMonth,
  parseMinutes,
  parseMonths,
  parseWeekdays,
  parseYears,
  TimeRangeError,
} from '../time-intervals/parse-ranges.ts';
import type { InclusiveRange, MinuteRange, TimeInterval } from '../time-intervals/time-interval.ts';
import { hostLocation, isLocation } from '../time-intervals/wall-clock.ts';

const ranges = v.nullish(v.array(optionalText));

const intervalSection = section({
  times: v.nullish(v.array(section({ start_time: optionalText, end_time: optionalText }))),
  weekdays: ranges,
  days_of_month: ranges,
  months: ranges,
  years: ranges,
  location: optionalText,
});

export const timeIntervalSection = section({
  name: optionalText,
  time_intervals: v.nullish(v.array(intervalSection), []),
});

type WrittenInterval = v.InferOutput<typeof intervalSection>;

export function readTimeInterval(
  { time_intervals }: v.InferOutput<typeof timeIntervalSection>,
  path: ConfigPath,
  context: ReadContext,
): readonly TimeInterval[] {
  return time_intervals.map((written, index) => readInterval(written, [...path, 'time_intervals', index], context));
}

function readInterval(written: WrittenInterval, path: ConfigPath, context: ReadContext): TimeInterval {
  const read = (key: 'weekdays' | 'days_of_month' | 'months' | 'years', parse: (text: string) => InclusiveRange) =>
    written[key]?.flatMap((text, index) => attempt([...path, key, index], EXPECTED[key], context, () => parse(text)));
  return {
    times: written.times?.flatMap(({ start_time, end_time }, index) =>
      attempt([...path, 'times', index], 'a start_time before an end_time', context, () =>
        parseMinutes(start_time, end_time),
      ),
    ),
    weekdays: read('weekdays', parseWeekdays),
    daysOfMonth: read('days_of_month', parseDaysOfMonth),
    months: read('months', parseMonths),
    years: read('years', parseYears),
    location: readLocation(written.location, [...path, 'location'], context),
  };
}

const EXPECTED = {
  weekdays: 'days such as monday or monday:friday',
  days_of_month: 'days such as 1, 1:15 or -3:-1',
  months: 'months such as may, 5 or may:august',
  years: 'years such as 2026 or 2026:2028',
} as const;

function readLocation(text: string, path: ConfigPath, { findings }: ReadContext): string | undefined {
  if (text === '' || text === 'UTC') return undefined;
  if (text === 'Local') return hostLocation();
  if (!isLocation(text))
    findings.refuse(path, 'the name of a time zone, such as Europe/Paris', `unknown time zone ${text}`);
  return text;
}

function attempt<Range extends InclusiveRange | MinuteRange>(
  path: ConfigPath,
  expected: string,
  { findings }: ReadContext,
  parse: () => Range,
): readonly Range[] {
  try {
    return [parse()];
  } catch (error) {
    if (!(error instanceof TimeRangeError)) throw error;
    findings.refuse(path, expected, error.message);
    return [];
  }
}

/** Names of both sections are one set.
 *  @param kind as Alertmanager calls it in messages */
export function checkTimeIntervalName(
  name: string,
  path: ConfigPath,
  kind: 'time interval' | 'mute time interval',
  taken: ReadonlySet<string>,
  { findings }: ReadContext,
): void {
  if (name === '') findings.refuse(path, 'a name', `missing name in ${kind}`);
  else if (taken.has(name))
    findings.refuse(
      [...path, 'name'],
      'a name that no other time interval has',
      `${kind} ${quoteGo(name)} is not unique`,
    );
}
