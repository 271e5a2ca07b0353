/** How evenly targets were asked, from when their requests came. */
import { quantile } from '../harness/statistics.ts';

export interface ScrapeTimes {
  readonly scrapes: number;
  /** Intervals in which a target was not asked. */
  readonly missed: number;
  /** Distance of a request from its place in a grid of the interval, ms. */
  readonly jitterP50Ms: number;
  readonly jitterP99Ms: number;
  readonly jitterMaxMs: number;
}

/** @param arrivals Unix ms of each target's requests, in order, over a window of many intervals */
export function scrapeTimes(arrivals: readonly (readonly number[])[], intervalMs: number): ScrapeTimes {
  const jitter: number[] = [];
  let scrapes = 0;
  let missed = 0;
  for (const times of arrivals) {
    const [first] = times;
    if (first === undefined) throw new Error('a target was never asked');
    scrapes += times.length;
    // The grid that fits best: through the median of what the requests say about its phase.
    const phases = times.map((time) => time - first - Math.round((time - first) / intervalMs) * intervalMs);
    const phase = quantile(phases, 0.5);
    for (const one of phases) jitter.push(Math.abs(one - phase));
    for (let index = 1; index < times.length; index++) {
      missed += Math.max(0, Math.round((times[index]! - times[index - 1]!) / intervalMs) - 1);
    }
  }
  const [jitterP50Ms, jitterP99Ms, jitterMaxMs] = [0.5, 0.99, 1].map((q) => quantile(jitter, q)) as [
    number,
    number,
    number,
  ];
  return { scrapes, missed, jitterP50Ms, jitterP99Ms, jitterMaxMs };
}
