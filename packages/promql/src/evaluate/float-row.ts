/** One series of floats and all steps of a query at once: for the functions that most range queries are made of. What a
 *  window per step costs in calls is more than what these compute. */
import type { VectorBlock } from './block.ts';
import type { RangeSamples } from './range-samples.ts';

/** One for all series of a query. */
export interface FloatRow {
  /** Of the series; floats only. */
  readonly samples: RangeSamples;
  /** Windows are (end - lengthMs, end]; ends are `firstEndMs`, `firstEndMs + stepMs` and so on. */
  readonly firstEndMs: number;
  readonly stepMs: number;
  readonly lengthMs: number;
}

/** Fills the row's cells from `cell` on, as many as the block has steps.
 *  @returns samples in all windows, each counted for every window that it is in; undefined where the row has to be evaluated
 *  window by window, and then nothing has been filled
 *  Cost: some ns a step and a sample, no allocation. */
export type RowFunction = (row: FloatRow, into: VectorBlock, cell: number) => number | undefined;
