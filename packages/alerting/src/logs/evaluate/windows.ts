/** Windows that end one interval apart. Those that ended of late are evaluated again, with the lines that have come since: what they would have
 *  found, and did not, is found now. */
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { Found } from './evaluation.ts';
import { CATCH_UP_MS, floorTo } from './steps.ts';

/** A window that was evaluated. */
export interface EvaluatedWindow {
  readonly endMs: number;
  /** Keys of labels of what it has found. */
  readonly found: readonly string[];
}

/** What late lines have made of a window, which fires for a while: in one evaluation alone it would be over before a group is told. */
export interface Reopened {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** End of the window of now when it was found, Unix ms. */
  readonly atMs: number;
}

/** Longer than groups wait: Alertmanager's default is 30 s. */
const REOPENED_FIRES_MS = 300_000;

/** What there is in a window, by the key of its labels. */
export type WindowResult = ReadonlyMap<string, { readonly labels: LabelSet; readonly value: number }>;

export interface WindowTiming {
  readonly intervalMs: number;
  readonly lateMs: number;
  /** Windows end at its multiples. */
  readonly stepMs: number;
  /** 0: what nobody has evaluated is left out. */
  readonly catchUpMs?: number;
}

/** @param untilMs before which lines are there
 *  @returns ends of windows, ascending: those of late, those that nobody has evaluated, and the one of now */
export function windowEnds(
  evaluated: readonly EvaluatedWindow[],
  untilMs: number,
  { intervalMs, lateMs, stepMs, catchUpMs = CATCH_UP_MS }: WindowTiming,
): readonly number[] {
  const lastMs = evaluated.at(-1)?.endMs;
  // Time that was over once stays so, though lines take longer now.
  const nowMs = Math.max(floorTo(untilMs, stepMs), lastMs ?? Number.NEGATIVE_INFINITY);
  const ends = new Set(evaluated.map(({ endMs }) => endMs).filter((endMs) => endMs > nowMs - lateMs));
  if (lastMs !== undefined) {
    const firstMs = Math.max(lastMs + intervalMs, nowMs - catchUpMs);
    for (let endMs = firstMs; endMs < nowMs; endMs += intervalMs) ends.add(floorTo(endMs, stepMs));
  }
  ends.add(nowMs);
  return [...ends].sort((a, b) => a - b);
}

/** @param results of each end
 *  @returns what the last window has, and what others have that is news */
export function reopenWindows(
  evaluated: readonly EvaluatedWindow[],
  ends: readonly number[],
  results: (endMs: number) => WindowResult,
  reopenedBefore: readonly Reopened[],
): {
  readonly evaluated: readonly EvaluatedWindow[];
  readonly reopened: readonly Reopened[];
  readonly found: readonly Found[];
} {
  const nowMs = ends.at(-1) ?? 0;
  const reopened = new Map<string, Reopened>();
  for (const one of reopenedBefore)
    if (one.atMs > nowMs - REOPENED_FIRES_MS) reopened.set(LabelSet.of(one.labels).key, one);
  const before = new Map(evaluated.map(({ endMs, found }) => [endMs, new Set(found)] as const));
  const found = new Map<string, Found>();
  const after = ends.map((endMs, index) => {
    const known = before.get(endMs) ?? new Set<string>();
    const isNow = index === ends.length - 1;
    const keys = new Set(known);
    for (const [key, { labels, value }] of results(endMs)) {
      keys.add(key);
      if (isNow) found.set(key, { labels, value, line: '' });
      else if (!known.has(key)) reopened.set(key, { labels: labels.toJSON(), value, atMs: nowMs });
    }
    return { endMs, found: [...keys] };
  });
  // What fires anyway ends when it ends.
  for (const key of found.keys()) reopened.delete(key);
  for (const [key, { labels, value }] of reopened) found.set(key, { labels: LabelSet.of(labels), value, line: '' });
  return { evaluated: after, reopened: [...reopened.values()], found: [...found.values()] };
}
