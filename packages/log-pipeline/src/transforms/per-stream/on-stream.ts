import type { Batch } from '../../batch/batch.ts';
import { FLAG_DROPPED, FLAG_STDERR } from '../../kernel/layout.ts';
import type { Transform, TransformContext } from '../transform.ts';

/** Another transform, for the records of one stream. */
export class OnStream implements Transform {
  readonly type: string;
  readonly #inner: Transform;
  readonly #other: number;

  constructor(inner: Transform, stream: 'stdout' | 'stderr') {
    this.type = inner.type;
    this.#inner = inner;
    this.#other = stream === 'stdout' ? FLAG_STDERR : 0;
  }

  /** No transform touches dropped rows: the other stream's are so for as long as this one looks. */
  apply(batch: Batch, context: TransformContext): void {
    const { table } = batch;
    const hidden: number[] = [];
    for (let row = 0; row < batch.rowCount; row++) {
      const flags = table.flags(row);
      if ((flags & FLAG_DROPPED) !== 0 || (flags & FLAG_STDERR) !== this.#other) continue;
      table.setFlags(row, flags | FLAG_DROPPED);
      hidden.push(row);
    }
    if (hidden.length < batch.rowCount) this.#inner.apply(batch, context);
    for (const row of hidden) table.setFlags(row, table.flags(row) & ~FLAG_DROPPED);
  }
}
