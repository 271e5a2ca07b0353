/** What the parts of an evaluation share, and the steps that one of them is about. */
import type { Querier } from '../storage/querier.ts';
import type { Annotations } from './annotations.ts';
import { VectorBlock } from './block.ts';
import type { Budget } from './budget.ts';
import type { LabelCache } from './label-cache.ts';
import type { Plan } from './plan.ts';
import type { QueryTimes } from './query-times.ts';

export interface Evaluation {
  readonly querier: Querier;
  readonly budget: Budget;
  readonly annotations: Annotations;
  readonly labels: LabelCache;
  /** Of the query as it was asked. */
  readonly query: QueryTimes;
  readonly lookbackMs: number;
  /** The name goes at the end, and not at each function: so functions over several metrics do not mix them up. */
  readonly delayedNameRemoval: boolean;
  /** Whether counters use the times when they began. */
  readonly useStartTimestamps: boolean;
  /** Step of a subquery that names none. */
  readonly defaultSubqueryStepMs: number;
  /** Evaluates a part of the query that is a vector. The block is the caller's, who releases it. */
  readonly vector: (plan: Plan, steps: Steps) => Promise<VectorBlock>;
  /** The same for who looks at no name: rows may still have those that functions drop. */
  readonly nameless: (plan: Plan, steps: Steps) => Promise<VectorBlock>;
  /** A value per step. */
  readonly scalar: (plan: Plan, steps: Steps) => Promise<Float64Array>;
}

/** `startMs`, `startMs + stepMs` and so on; `count` of them, at least one. */
export interface Steps {
  readonly startMs: number;
  readonly stepMs: number;
  readonly count: number;
}

export function stepsBetween(startMs: number, endMs: number, stepMs: number): Steps {
  return { startMs, stepMs, count: Math.max(0, Math.floor((endMs - startMs) / stepMs) + 1) };
}

export function lastStepMs({ startMs, stepMs, count }: Steps): number {
  return startMs + (count - 1) * stepMs;
}

/** A block whose memory counts from now on. */
export function newBlock({ budget }: Evaluation, steps: number, rows: number): VectorBlock {
  const block = new VectorBlock(steps, rows);
  budget.holdBytes(block.capacityBytes);
  block.heldBytes = block.capacityBytes;
  return block;
}

/** The block is complete: its samples count until it is released. */
export function keep({ budget }: Evaluation, block: VectorBlock): VectorBlock {
  budget.holdBytes(block.capacityBytes - block.heldBytes);
  block.heldBytes = block.capacityBytes;
  const samples = block.countSamples();
  budget.holdSamples(samples - block.heldSamples);
  block.heldSamples = samples;
  return block;
}

/** Nobody looks at the block any more. */
export function release({ budget }: Evaluation, block: VectorBlock): void {
  budget.holdSamples(-block.heldSamples);
  budget.holdBytes(-block.heldBytes);
  block.heldSamples = 0;
  block.heldBytes = 0;
}
