/** What the controller remembers of one HPA between its rounds. Source: kubernetes v1.36.3, horizontal.go, stabilizeRecommendation,
 *  stabilizeRecommendationWithBehaviors, storeScaleEvent. */
import type { Behavior, ScalingRules } from './hpa-spec.ts';

export interface Recommendation {
  readonly replicas: number;
  readonly timestampMs: number;
}

export interface ScaleEvent {
  /** Not negative. */
  readonly change: number;
  readonly timestampMs: number;
}

/** Changed by the functions below. */
export interface HpaMemory {
  readonly recommendations: Recommendation[];
  readonly scaleUps: ScaleEvent[];
  readonly scaleDowns: ScaleEvent[];
}

export function newMemory(): HpaMemory {
  return { recommendations: [], scaleUps: [], scaleDowns: [] };
}

/** Without behavior: the highest of what was recommended within the window. */
export function stabilizeDown(memory: HpaMemory, replicas: number, windowMs: number, nowMs: number): number {
  const cutMs = nowMs - windowMs;
  let highest = replicas;
  let old: number | undefined;
  for (const [at, { replicas: before, timestampMs }] of memory.recommendations.entries()) {
    if (timestampMs < cutMs) old = at;
    else if (before > highest) highest = before;
  }
  remember(memory.recommendations, old, { replicas, timestampMs: nowMs });
  return highest;
}

/** With behavior: up as far as all of one window allow, down as far as all of the other. */
export function stabilize(
  memory: HpaMemory,
  behavior: Behavior,
  current: number,
  replicas: number,
  downWindowMs: number,
  nowMs: number,
): number {
  const upCutMs = nowMs - (behavior.scaleUp.stabilizationWindowSeconds ?? 0) * 1000;
  const downCutMs = nowMs - downWindowMs;
  let up = replicas;
  let down = replicas;
  let old: number | undefined;
  for (const [at, { replicas: before, timestampMs }] of memory.recommendations.entries()) {
    if (timestampMs > upCutMs) up = Math.min(before, up);
    if (timestampMs > downCutMs) down = Math.max(before, down);
    if (timestampMs < upCutMs && timestampMs < downCutMs) old = at;
  }
  remember(memory.recommendations, old, { replicas, timestampMs: nowMs });
  return Math.min(Math.max(current, up), down);
}

/** After a change; without behavior, nobody asks for it. */
export function noteScaling(
  memory: HpaMemory,
  behavior: Behavior | undefined,
  before: number,
  after: number,
  nowMs: number,
): void {
  if (behavior === undefined) return;
  const isUp = after > before;
  const events = isUp ? memory.scaleUps : memory.scaleDowns;
  const cutMs = nowMs - longestPeriodMs(isUp ? behavior.scaleUp : behavior.scaleDown);
  let old: number | undefined;
  for (const [at, { timestampMs }] of events.entries()) if (timestampMs < cutMs) old = at;
  remember(events, old, { change: Math.abs(after - before), timestampMs: nowMs });
}

/** Replicas that came or went within the period. */
export function changeWithin(events: readonly ScaleEvent[], periodSeconds: number, nowMs: number): number {
  const cutMs = nowMs - periodSeconds * 1000;
  return events.reduce((sum, { change, timestampMs }) => (timestampMs > cutMs ? sum + change : sum), 0);
}

function longestPeriodMs({ policies }: ScalingRules): number {
  return 1000 * Math.max(0, ...policies.map(({ periodSeconds }) => periodSeconds));
}

/** In the place of an old one, so that there are not more than a window has. */
function remember<T>(list: T[], old: number | undefined, entry: T): void {
  if (old === undefined) list.push(entry);
  else list[old] = entry;
}
