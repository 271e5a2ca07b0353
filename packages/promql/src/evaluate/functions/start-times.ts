/** What the times when counters began say of resets. Source: Prometheus 3.15, promql/functions.go. */

/** Whether the counter began again between two samples. All in ms, starts 0 where unknown. A start at its own sample is
 *  OpenTelemetry's way to say that it is not known; one at the sample before it is a delta, if that one had a start; one
 *  that both have is the same run, even where it is after the first of them. */
export function restartsBetween(
  previousStart: number,
  previous: number,
  currentStart: number,
  current: number,
): boolean {
  if (currentStart === 0 || currentStart >= current || currentStart < previous) return false;
  if (currentStart > previous) return currentStart !== previousStart;
  return previousStart !== 0 && previousStart < previous;
}

/** Whether the sample covers time that the one before it covers too, and is not of the same run of the counter. */
export function overlapsBefore(previousStart: number, previous: number, currentStart: number): boolean {
  return currentStart !== 0 && currentStart < previous && currentStart !== previousStart;
}
