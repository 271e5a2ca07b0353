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
  /** The same for who takes series whole and not step by step: cells may hold a float and a histogram. */
  readonly series: (plan: Plan, steps: Steps) => Promise<VectorBlock>;
  /** The same for who looks at no name: rows may still have those that functions drop. */
  readonly nameless: (plan: Plan, steps: Steps) => Promise<VectorBlock>;
  /** The same in parts, for who is done with a row once it has seen it: a vector of many series over many steps never exists as a
   *  whole. Rows come in the order in which `nameless` has them. */
  readonly rows: (plan: Plan, steps: Steps, take: TakeRows) => Promise<void>;
  /** A value per step. */
  readonly scalar: (plan: Plan, steps: Steps) => Promise<Float64Array>;
}

/** @param batch the caller's: nothing of its memory may be kept */
export type TakeRows = (batch: VectorBlock) => Promise<void>;

/** `startMs`, `startMs + stepMs` and so on; `count` of them, at least one. */
export interface Steps {
  readonly startMs: number;
  readonly stepMs: number;
  readonly count: number;
  /** Of the range as it was asked: the last step, or later by less than a step. */
  readonly endMs: number;
  /** Added to the times that an @ gives; not 0 only where Prometheus reckons wrongly. */
  readonly pinShiftMs: number;
  /** The subqueries around that begin with what is around them, as one: of the innermost time that an @ gives, and of offsets
   *  since then. */
  readonly coincident: { readonly atMs: number | undefined; readonly offsetMs: number };
}

const NOT_COINCIDENT: Steps['coincident'] = { atMs: undefined, offsetMs: 0 };

export function stepsBetween(startMs: number, endMs: number, stepMs: number): Steps {
  const count = Math.max(0, Math.floor((endMs - startMs) / stepMs) + 1);
  return { startMs, stepMs, count, endMs, pinShiftMs: 0, coincident: NOT_COINCIDENT };
}

/** The first of them alone. */
export function firstStep(steps: Steps): Steps {
  return { ...steps, count: 1, endMs: steps.startMs };
}

/** Whether there is one time only: what is asked so keeps its order. */
export function isInstant({ startMs, endMs }: Steps): boolean {
  return startMs === endMs;
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

/** Of a batch: with 36 KB it stays in the cache of a core until it has been looked at. */
const CELLS_PER_BATCH = 4096;

/** @returns whether so many rows are in the block that it is to be handed over */
export function isBatch({ rows, steps }: VectorBlock): boolean {
  return rows * steps >= CELLS_PER_BATCH;
}

/** Rows to make room for, where at most so many come. */
export function batchRows(steps: number, rows: number): number {
  return Math.min(rows, Math.ceil(CELLS_PER_BATCH / steps));
}

/** Hands its rows over, and takes them out of the block. */
export async function handOver(evaluation: Evaluation, block: VectorBlock, take: TakeRows): Promise<void> {
  keep(evaluation, block);
  await take(block);
  release(evaluation, block);
  block.clear();
}

/** Nobody looks at the block any more. */
export function release({ budget }: Evaluation, block: VectorBlock): void {
  budget.holdSamples(-block.heldSamples);
  budget.holdBytes(-block.heldBytes);
  block.heldSamples = 0;
  block.heldBytes = 0;
}
