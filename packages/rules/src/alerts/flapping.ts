/** Alerts that fire again and again: from the limit on one is held as firing, and says how often it would have fired. Pure. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { Alert } from './alert.ts';

/** `3 in 10m`: one that fires so often within the window flaps, until it has not fired anew for as long. */
export interface FlapLimit {
  readonly fires: number;
  readonly windowMs: number;
}

export interface Flap {
  /** Of the alert, which itself may be gone. */
  readonly labels: LabelSet;
  /** When it fired, within the window; times of evaluations, ascending, no more than the limit has. */
  readonly firedAtMs: readonly number[];
  /** Of one that flaps: since when, and how often it has fired since. */
  readonly flapping: { readonly sinceMs: number; readonly fires: number } | undefined;
}

/** By the keys of the labels of alerts. */
export type Flaps = ReadonlyMap<string, Flap>;

/** The annotation of an alert that flaps. */
export const FLAPPING = 'vigie_flapping';

export function holdsFlapping(flap: Flap | undefined, timestampMs: number, { windowMs }: FlapLimit): boolean {
  return flap?.flapping !== undefined && timestampMs - (flap.firedAtMs.at(-1) ?? 0) < windowMs;
}

/** @param before the alert before the evaluation, after it as it is now
 *  @returns undefined where nothing is left to remember */
export function advanceFlap(
  flap: Flap | undefined,
  before: Alert | undefined,
  after: Alert | undefined,
  timestampMs: number,
  limit: FlapLimit,
): Flap | undefined {
  const labels = after?.labels ?? flap?.labels;
  if (labels === undefined) return undefined;
  const isFlapping = flap?.flapping !== undefined;
  const hasFired = isFlapping ? isFoundAgain(before, after) : after?.firedAtMs === timestampMs;
  const earlier = (flap?.firedAtMs ?? []).filter((atMs) => timestampMs - atMs < limit.windowMs);
  // More than the limit asks for tell nothing.
  const firedAtMs = hasFired ? [...earlier, timestampMs].slice(-limit.fires) : earlier;
  if (firedAtMs.length === 0) return undefined;
  if (!hasFired && firedAtMs.length === flap?.firedAtMs.length) return flap;
  if (flap?.flapping !== undefined) {
    const { sinceMs, fires } = flap.flapping;
    return { labels, firedAtMs, flapping: { sinceMs, fires: fires + Number(hasFired) } };
  }
  const [sinceMs = timestampMs] = firedAtMs;
  const flapping = firedAtMs.length >= limit.fires ? { sinceMs, fires: firedAtMs.length } : undefined;
  return { labels, firedAtMs, flapping };
}

/** `fired 5 times since 2026-11-29T10:00:00Z` */
export function flappingText({ sinceMs, fires }: NonNullable<Flap['flapping']>): string {
  return `fired ${fires} times since ${new Date(sinceMs).toISOString().replace('.000Z', 'Z')}`;
}

function isFoundAgain(before: Alert | undefined, after: Alert | undefined): boolean {
  return after?.state === 'firing' && after.held === undefined && before?.held?.by === 'flapping';
}
