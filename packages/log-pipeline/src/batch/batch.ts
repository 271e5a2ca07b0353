/** The records of one read: rows over the kernel's table, and the arena bytes they may point into. */
import type { Arena } from '../kernel/arena.ts';
import type { FrameResult, Kernel } from '../kernel/kernel.ts';
import type { RowTable } from '../kernel/table.ts';

/** A batch has no bytes of its own: rows point into the kernel's input and arena, so a kernel has one batch at a time,
 *  and `reset` (or reading over the input) ends the life of all it held. */
export class Batch {
  readonly kernel: Kernel;
  readonly table: RowTable;
  readonly arena: Arena;
  /** Rows 0..rowCount are the batch. */
  rowCount = 0;
  /** Rows flagged FRAGMENT or UNPARSED by framing: 0 lets callers skip a walk over the table. */
  fragmentRows = 0;
  unparsedRows = 0;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.table = kernel.table;
    this.arena = kernel.arena;
  }

  /** Empties the batch and frees its arena. */
  reset(): void {
    this.rowCount = 0;
    this.fragmentRows = 0;
    this.unparsedRows = 0;
    this.arena.reset();
  }

  /** Takes over what a framing call left in the table. */
  hold(framed: FrameResult): void {
    this.rowCount = framed.rows;
    this.fragmentRows = framed.fragmentRows;
    this.unparsedRows = framed.unparsedRows;
  }
}
