/** Selectors with a time of their own, an @, in the places where Prometheus 3.15 evaluates them at another one, or looks at
 *  other samples than that time's. Source: promql/engine.go, setOffsetForAtModifier, getTimeRangesForSelector and
 *  rangeEvalTimestampFunctionOverVectorSelector. */
import type { TimeRange } from '../storage/querier.ts';
import type { Steps } from './evaluation.ts';
import type { VectorPlan } from './plan.ts';

/** @param beforeMs, afterMs of its time: the samples that count */
export function asPinned(plan: VectorPlan, beforeMs: number, afterMs: number, steps: Steps): VectorPlan {
  const { atMs, offsetMs, drifts } = plan;
  const { pinShiftMs, startMs } = steps;
  if (atMs === undefined || (pinShiftMs === 0 && !drifts)) return plan;
  const sees = seenBy(atMs - offsetMs, beforeMs, afterMs);
  if (!drifts) return { ...plan, atMs: atMs + pinShiftMs, sees };
  return { ...plan, atMs: undefined, offsetMs: startMs - (atMs - offsetMs + pinShiftMs), sees };
}

/** Of which timestamp() asks: the offset counts for what is seen, and not for the time. */
export function asStamped(plan: VectorPlan, lookbackMs: number): VectorPlan {
  const { atMs, offsetMs } = plan;
  return atMs === undefined ? plan : { ...plan, offsetMs: 0, sees: seenBy(atMs - offsetMs, lookbackMs, 0) };
}

/** Samples are fetched for the time and the offset as they are written. */
function seenBy(timeMs: number, beforeMs: number, afterMs: number): TimeRange {
  return { fromMs: timeMs - beforeMs + 1, toMs: timeMs + afterMs };
}
