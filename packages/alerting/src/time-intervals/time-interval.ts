/** Times of the calendar that recur: office hours, weekends, the last days of a month. Source: Alertmanager, timeinterval/timeinterval.go. */

/** Both ends belong to it. */
export interface InclusiveRange {
  readonly begin: number;
  readonly end: number;
}

/** Minutes of a day, [start, end); the day ends at 1440. */
export interface MinuteRange {
  readonly startMinute: number;
  readonly endMinute: number;
}

/** A time that fulfils every field. A field that is undefined asks nothing, one with several ranges for any of them, and one without any for
 *  what there is not. */
export interface TimeInterval {
  readonly times: readonly MinuteRange[] | undefined;
  /** 0 is Sunday. */
  readonly weekdays: readonly InclusiveRange[] | undefined;
  /** From 1, or from -1, the last day of the month, downwards. */
  readonly daysOfMonth: readonly InclusiveRange[] | undefined;
  /** From 1. */
  readonly months: readonly InclusiveRange[] | undefined;
  readonly years: readonly InclusiveRange[] | undefined;
  /** Of the IANA time zones; undefined for UTC. */
  readonly location: string | undefined;
}

/** Asks nothing. */
export const ALWAYS: TimeInterval = {
  times: undefined,
  weekdays: undefined,
  daysOfMonth: undefined,
  months: undefined,
  years: undefined,
  location: undefined,
};
