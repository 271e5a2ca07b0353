/** Where an axis has its marks: at round numbers, and at round times. */

/** @param most how many there may be, at least 2
 *  @returns multiples of 1, 2 or 5 times a power of ten from low to high, both included; low is below high */
export function valueTicks(low: number, high: number, most: number): readonly number[] {
  const rough = (high - low) / (most - 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough * (1 - 1e-9)) ?? 10);
  const ticks: number[] = [];
  // Multiplied, not added up: 0.1 ten times is not 1.
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9 && ticks.length < 2 * most; at++)
    ticks.push(Number((at * step).toPrecision(12)));
  return ticks;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const STEPS_MS: readonly number[] = [
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS),
];

/** @returns times of UTC, Unix ms */
export function timeTicks(startMs: number, endMs: number, most: number): readonly number[] {
  const rough = (endMs - startMs) / most;
  const stepMs = STEPS_MS.find((step) => step >= rough) ?? Math.ceil(rough / DAY_MS) * DAY_MS;
  const ticks: number[] = [];
  for (let at = Math.ceil(startMs / stepMs) * stepMs; at <= endMs; at += stepMs) ticks.push(at);
  return ticks;
}

/** `10:05`, and with its date where the axis is longer than a day: `29 Nov 10:05`. */
export function timeText(timeMs: number, isLong: boolean): string {
  const [, day = '', month = '', , time = ''] =
    /^\w+, (\d+) (\w+) (\d+) (\d\d:\d\d)/.exec(new Date(timeMs).toUTCString()) ?? [];
  return isLong ? `${day} ${month} ${time}` : time;
}
