/** `sample`: lets a share of the records pass. */
import { integer, section } from '@vigie/core/config/fields';
import * as v from 'valibot';
import type { Batch } from '../batch/batch.ts';
import { FLAG_DROPPED, FLAG_FRAGMENT } from '../kernel/layout.ts';
import { Condition } from './conditions/condition.ts';
import { conditionSchema } from './conditions/condition-schema.ts';
import { RecordTemplate, templateSchema } from './fields/template.ts';
import { hashNumber, hashText } from './hash32.ts';
import type { Transform, TransformContext } from './transform.ts';
import { transformEntries } from './transform-section.ts';

export const sampleSchema = v.pipe(
  section({
    type: v.literal('sample'),
    ...transformEntries,
    /** One record of so many passes. */
    rate: v.optional(integer({ min: 1, max: 1_000_000_000 })),
    /** In its place: the share that passes. */
    ratio: v.optional(
      v.pipe(v.number(), v.gtValue(0, 'a number above 0, at most 1'), v.maxValue(1, 'a number above 0, at most 1')),
    ),
    /** Records of the same key pass together or not at all. */
    key: v.optional(templateSchema),
    /** Records that meet it always pass. */
    exclude: v.optional(conditionSchema),
  }),
  v.check(({ rate, ratio }) => (rate === undefined) !== (ratio === undefined), 'one of rate and ratio'),
);

type SampleConfig = Pick<v.InferOutput<typeof sampleSchema>, 'rate' | 'ratio' | 'key' | 'exclude'>;

const HASHES = 2 ** 32;

/** Drops with the reason `sampled`. It remembers nothing: a record that is read again, after a crash or by another lane,
 *  meets the same decision. */
export class Sample implements Transform {
  readonly type = 'sample';
  /** Records whose hash is below pass. */
  readonly #limit: number;
  readonly #key: RecordTemplate | undefined;
  readonly #exclude: Condition | undefined;

  constructor({ rate = 1, ratio = 1 / rate, key, exclude }: SampleConfig) {
    this.#limit = ratio * HASHES;
    this.#key = key === undefined ? undefined : new RecordTemplate(key);
    this.#exclude = exclude === undefined ? undefined : new Condition(exclude);
  }

  apply(batch: Batch, context: TransformContext): void {
    const { table, rowCount } = batch;
    if (this.#exclude?.begin(context) === true) return;
    this.#key?.begin(batch, context);
    const facts = () => context.facts;
    // The same offset in two files: their records are to be told apart.
    const seed = hashText(context.facts.path ?? '');
    let records = 0;
    let rawBytes = 0;
    for (let row = 0; row < rowCount; row++) {
      const flags = table.flags(row);
      if ((flags & (FLAG_DROPPED | FLAG_FRAGMENT)) !== 0) continue;
      const key = this.#key?.render(batch, row, facts);
      const hash = key === undefined ? hashNumber(table.offset(row), seed) : hashText(key);
      if (hash < this.#limit || this.#exclude?.test(batch, row) === true) continue;
      table.setFlags(row, flags | FLAG_DROPPED);
      records += 1;
      rawBytes += table.rawBytes(row);
    }
    if (records > 0) context.dropped('sampled', records, rawBytes);
  }
}
