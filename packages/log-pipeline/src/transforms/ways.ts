/** Where the records of a batch are on their way to the sink, once a route has parted them. */
import type { Batch } from '../batch/batch.ts';
import { FLAG_DROPPED, FLAG_FRAGMENT } from '../kernel/layout.ts';
import type { Keeping, Transform, TransformContext } from './transform.ts';

/** A column beside the table's: a small number for each row, which names the output that it came by last. Shared by the
 *  transforms of one lane; its first route sets it anew for each batch. */
export class Ways {
  #ways = new Uint16Array(0);

  /** All rows are where the batch began. */
  reset(rowCount: number): void {
    if (this.#ways.length < rowCount) this.#ways = new Uint16Array(2 * rowCount);
    else this.#ways.fill(0, 0, rowCount);
  }

  at(row: number): number {
    return this.#ways[row]!;
  }

  set(row: number, way: number): void {
    this.#ways[row] = way;
  }
}

/** Another transform, for the records that come by its inputs. */
export class OnWays implements Transform {
  readonly type: string;
  readonly #inner: Transform;
  readonly #ways: Ways;
  readonly #from: readonly number[];
  readonly #to: number;
  readonly #hidden: number[] = [];

  constructor(inner: Transform, ways: Ways, from: readonly number[], to: number) {
    this.type = inner.type;
    this.#inner = inner;
    this.#ways = ways;
    this.#from = from;
    this.#to = to;
  }

  get keeping(): Keeping | undefined {
    const { keeping } = this.#inner;
    if (keeping === undefined) return undefined;
    return {
      dueMs: keeping.dueMs,
      next: (nowMs, all) => keeping.next(nowMs, all),
      restored: (batch) => {
        this.#ways.reset(1);
        this.#ways.set(0, this.#to);
        keeping.restored(batch);
      },
    };
  }

  /** No transform touches dropped rows: those on other ways are so for as long as this one looks. */
  apply(batch: Batch, context: TransformContext): void {
    const { table } = batch;
    const hidden = this.#hidden;
    let shown = 0;
    for (let row = 0; row < batch.rowCount; row++) {
      const flags = table.flags(row);
      if ((flags & (FLAG_DROPPED | FLAG_FRAGMENT)) !== 0) continue;
      if (this.#from.includes(this.#ways.at(row))) {
        this.#ways.set(row, this.#to);
        shown += 1;
        continue;
      }
      table.setFlags(row, flags | FLAG_DROPPED);
      hidden.push(row);
    }
    if (shown > 0) this.#inner.apply(batch, context);
    for (const row of hidden) table.setFlags(row, table.flags(row) & ~FLAG_DROPPED);
    hidden.length = 0;
  }
}
