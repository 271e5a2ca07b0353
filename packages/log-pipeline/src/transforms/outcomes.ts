/** What a parser does with the records it cannot parse, and the counts of that. */
import type { Batch } from '../batch/batch.ts';
import { FLAG_DROPPED } from '../kernel/layout.ts';
import type { TransformContext } from './transform.ts';

/** Of one batch. */
export class Outcomes {
  readonly #drops: boolean;
  readonly #kept = new Map<string, number>();
  readonly #dropped = new Map<string, { records: number; rawBytes: number }>();

  constructor(onError: 'keep' | 'drop') {
    this.#drops = onError === 'drop';
  }

  /** `no_room` is never a reason to drop: it says nothing of the record. */
  failed({ table }: Batch, row: number, reason: string): void {
    if (!this.#drops || reason === 'no_room') {
      this.#kept.set(reason, (this.#kept.get(reason) ?? 0) + 1);
      return;
    }
    table.setFlags(row, table.flags(row) | FLAG_DROPPED);
    const { records, rawBytes } = this.#dropped.get(reason) ?? { records: 0, rawBytes: 0 };
    this.#dropped.set(reason, { records: records + 1, rawBytes: rawBytes + table.rawBytes(row) });
  }

  report(context: TransformContext): void {
    for (const [reason, records] of this.#kept) context.kept(reason, records);
    for (const [reason, { records, rawBytes }] of this.#dropped) context.dropped(reason, records, rawBytes);
  }
}
