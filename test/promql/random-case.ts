/** A query, and when it is asked. */
import type { Random } from '@vigie/core/random';
import { pick } from './pick.ts';
import { randomQuery } from './random-query.ts';
import type { SeriesPlan } from './random-series.ts';

export interface QueryCase {
  readonly query: string;
  /** Unix ms. */
  readonly startMs: number;
  /** The same as startMs for an instant query. */
  readonly endMs: number;
  /** 0 for an instant query. */
  readonly stepMs: number;
  /** As it is written; '' for the default. */
  readonly lookback: string;
}

const BEFORE_MS = 120_000;
const AFTER_MS = 420_000;

/** Around the series: some ask before the first sample or after the last. */
export function randomCase(random: Random, plan: SeriesPlan): QueryCase {
  const query = randomQuery(random);
  const lengthMs = plan.toMs - plan.fromMs + BEFORE_MS + AFTER_MS;
  const whole = pick(random, [1, 1_000, 15_000]);
  const startMs = plan.fromMs - BEFORE_MS + Math.floor((random() * lengthMs) / whole) * whole;
  const lookback = random() < 0.95 ? '' : pick(random, ['1m', '15s', '20m', '90.5']);
  if (random() < 0.5) return { query, startMs, endMs: startMs, stepMs: 0, lookback };
  const stepMs = pick(random, [15_000, 30_000, 60_000, 7_000, 60_001, 300_000]);
  const steps = Math.floor(random() * 25);
  const restMs = random() < 0.2 ? 0 : Math.floor(random() * stepMs);
  return { query, startMs, endMs: startMs + steps * stepMs + restMs, stepMs, lookback };
}

/** As a request: the path and its parameters. */
export function requestOf({ query, startMs, endMs, stepMs, lookback }: QueryCase): string {
  const asked = lookback === '' ? { query } : { query, lookback_delta: lookback };
  if (stepMs === 0) return `/api/v1/query?${new URLSearchParams({ ...asked, time: seconds(startMs) })}`;
  const times = { start: seconds(startMs), end: seconds(endMs), step: seconds(stepMs) };
  return `/api/v1/query_range?${new URLSearchParams({ ...asked, ...times })}`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
