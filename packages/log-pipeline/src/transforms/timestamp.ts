/** `timestamp`: the time of a record from one of its fields. */
import { section, text } from '@vigie/core/config/fields';
import { bug } from '@vigie/core/errors';
import * as v from 'valibot';
import type { Batch } from '../batch/batch.ts';
import { FLAG_DROPPED, FLAG_FRAGMENT } from '../kernel/layout.ts';
import { type Field, fieldOf, readField } from './fields/field.ts';
import { formatInstant, type Instant } from './time/instant.ts';
import { type TimeFormat, timeFormatOf } from './time/time-format.ts';
import { UTC, type Zone, zoneOf } from './time/zone.ts';
import type { Transform, TransformContext } from './transform.ts';
import { transformEntries } from './transform-section.ts';

const formatSchema = v.pipe(
  text(),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const parsed = timeFormatOf(dataset.value);
    if (parsed.status === 'invalid') addIssue({ message: parsed.reason });
  }),
);

export const timestampSchema = section({
  type: v.literal('timestamp'),
  ...transformEntries,
  /** Where the time stands. Of the message only its beginning has to be one. */
  field: text(),
  /** How it is written; of several the first that fits counts. */
  format: v.optional(
    v.union([formatSchema, v.pipe(v.array(formatSchema), v.minLength(1, 'at least one format'))]),
    'rfc3339',
  ),
  /** For times that name no zone. */
  timezone: v.optional(
    v.pipe(
      text(),
      v.check(
        (name) => zoneOf(name) !== undefined,
        'UTC, local, an offset such as +02:00, or a name such as Europe/Paris',
      ),
    ),
    'UTC',
  ),
});

type TimestampConfig = Pick<v.InferOutput<typeof timestampSchema>, 'field' | 'format' | 'timezone'>;

/** The longest that formatInstant writes. */
const TIME_BYTES = '2026-11-21T10:00:00.123456789Z'.length;
/** Beyond, a value is no time: its length must not decide what looking at it costs. */
const MAX_TEXT = 64;

/** Points the records' times at what the field says, in UTC. A record without the field keeps its time. Counts as kept:
 *  `bad_time` where the field is no time of these formats, and `no_room`. */
export class Timestamp implements Transform {
  readonly type = 'timestamp';
  readonly #field: Field;
  readonly #formats: readonly TimeFormat[];
  readonly #zone: Zone;

  constructor({ field, format, timezone }: TimestampConfig) {
    this.#field = fieldOf(field);
    this.#formats = (typeof format === 'string' ? [format] : format).map((name) => {
      const parsed = timeFormatOf(name);
      if (parsed.status === 'invalid') throw bug(`time format ${name}`);
      return parsed.format;
    });
    this.#zone = zoneOf(timezone) ?? UTC;
  }

  apply(batch: Batch, context: TransformContext): void {
    const { table, rowCount, arena, kernel } = batch;
    const facts = () => context.facts;
    let bad = 0;
    let noRoom = 0;
    for (let row = 0; row < rowCount; row++) {
      if ((table.flags(row) & (FLAG_DROPPED | FLAG_FRAGMENT)) !== 0) continue;
      const value = readField(this.#field, batch, row, facts);
      if (value === undefined) continue;
      const instant = this.#parse(value, context.wallMs);
      if (instant === undefined) {
        bad += 1;
        continue;
      }
      const at = arena.alloc(TIME_BYTES);
      if (at === -1) {
        noRoom += 1;
        continue;
      }
      const length = kernel.memory.write(formatInstant(instant), at, 'latin1');
      arena.shrink(at, length);
      table.setTime(row, at, length);
    }
    if (bad > 0) context.kept('bad_time', bad);
    if (noRoom > 0) context.kept('no_room', noRoom);
  }

  #parse(value: unknown, nearMs: number): Instant | undefined {
    if (typeof value !== 'string' && typeof value !== 'number') return undefined;
    const prefix = this.#field.path === 'message';
    const written = String(value).slice(0, MAX_TEXT).trim();
    for (const format of this.#formats) {
      const instant = format.parse(written, this.#zone, nearMs, prefix);
      if (instant !== undefined) return instant;
    }
    return undefined;
  }
}
