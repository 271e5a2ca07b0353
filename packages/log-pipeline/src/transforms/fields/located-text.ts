/** A field's text as bytes of the kernel's memory, decoded into the arena where it does not stand there as it is. */
import type { Batch } from '../../batch/batch.ts';
import type { TransformContext } from '../transform.ts';
import { type Field, readField, type TextSpan } from './field.ts';
import { textOfValue } from './value.ts';

/** @param span takes where it is
 *  @returns why there is none: the record has no such field, or the arena has no room */
export function locateText(
  field: Field,
  batch: Batch,
  row: number,
  context: TransformContext,
  span: TextSpan,
): 'found' | 'no_field' | 'no_room' {
  if (field.scope === 'record' && field.text(batch, row, span)) return 'found';
  const text = textOfValue(readField(field, batch, row, () => context.facts));
  if (text === undefined) return 'no_field';
  const length = Buffer.byteLength(text);
  const at = batch.arena.alloc(length);
  if (at === -1) return 'no_room';
  batch.kernel.memory.write(text, at);
  span.start = at;
  span.end = at + length;
  return 'found';
}
