/** `parse_logfmt`: the pairs of a message in logfmt become members of the record. */
import { section } from '@vigie/core/config/fields';
import * as v from 'valibot';
import type { Batch } from '../batch/batch.ts';
import { FLAG_DROPPED, FLAG_FRAGMENT, FLAG_HIDE_MESSAGE } from '../kernel/layout.ts';
import { type Field, fieldOf } from './fields/field.ts';
import { locateText } from './fields/located-text.ts';
import { LogfmtMembers } from './logfmt-members.ts';
import { Outcomes } from './outcomes.ts';
import { type ParserConfig, parserEntries, reservedNames } from './parser-section.ts';
import type { Transform, TransformContext } from './transform.ts';
import { transformEntries } from './transform-section.ts';

export const parseLogfmtSchema = section({
  type: v.literal('parse_logfmt'),
  ...transformEntries,
  /** true: a word without `=` is a member that is true; false: it means that the text is not logfmt. */
  bare_keys: v.optional(v.boolean(), false),
  ...parserEntries,
});

type ParseLogfmtConfig = Pick<v.InferOutput<typeof parseLogfmtSchema>, 'bare_keys'> & ParserConfig;

/** Values stay text. Counts as kept, or drops: `not_logfmt`, `no_field`; as kept always: `no_room`. */
export class ParseLogfmt implements Transform {
  readonly type = 'parse_logfmt';
  readonly #field: Field;
  readonly #members: LogfmtMembers;
  readonly #onError: 'keep' | 'drop';
  readonly #hides: boolean;
  readonly #text = { start: 0, end: 0 };

  constructor({ bare_keys: bareKeys, field, target, on_error: onError, keep_message: keeps }: ParseLogfmtConfig) {
    this.#field = fieldOf(field);
    this.#members = new LogfmtMembers(target, reservedNames(keeps), bareKeys);
    this.#onError = onError;
    this.#hides = !keeps;
  }

  apply(batch: Batch, context: TransformContext): void {
    const { table, rowCount } = batch;
    const outcomes = new Outcomes(this.#onError);
    this.#members.begin(batch.kernel);
    for (let row = 0; row < rowCount; row++) {
      const flags = table.flags(row);
      if ((flags & (FLAG_DROPPED | FLAG_FRAGMENT)) !== 0) continue;
      const located = locateText(this.#field, batch, row, context, this.#text);
      const reason = located === 'found' ? this.#members.take(batch, row, this.#text.start, this.#text.end) : located;
      if (reason !== undefined) outcomes.failed(batch, row, reason);
      else if (this.#hides) table.setFlags(row, flags | FLAG_HIDE_MESSAGE);
    }
    outcomes.report(context);
  }
}
