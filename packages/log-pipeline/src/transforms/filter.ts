/** `filter`: records that do not meet a condition are dropped. */
import { section } from '@vigie/core/config/fields';
import * as v from 'valibot';
import type { Batch } from '../batch/batch.ts';
import { FLAG_DROPPED, FLAG_FRAGMENT } from '../kernel/layout.ts';
import { Condition } from './conditions/condition.ts';
import { conditionSchema } from './conditions/condition-schema.ts';
import type { Transform, TransformContext } from './transform.ts';
import { transformEntries } from './transform-section.ts';

export const filterSchema = section({
  type: v.literal('filter'),
  ...transformEntries,
  /** Records that meet it pass. */
  condition: conditionSchema,
});

/** Drops with the reason `filtered`. */
export class Filter implements Transform {
  readonly type = 'filter';
  readonly #condition: Condition;

  constructor({ condition }: Pick<v.InferOutput<typeof filterSchema>, 'condition'>) {
    this.#condition = new Condition(condition);
  }

  apply(batch: Batch, context: TransformContext): void {
    const { table, rowCount } = batch;
    const condition = this.#condition;
    if (condition.begin(context) === true) return;
    let records = 0;
    let rawBytes = 0;
    for (let row = 0; row < rowCount; row++) {
      const flags = table.flags(row);
      if ((flags & (FLAG_DROPPED | FLAG_FRAGMENT)) !== 0 || condition.test(batch, row)) continue;
      table.setFlags(row, flags | FLAG_DROPPED);
      records += 1;
      rawBytes += table.rawBytes(row);
    }
    if (records > 0) context.dropped('filtered', records, rawBytes);
  }
}
