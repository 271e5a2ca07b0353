/** `throttle`: lets so many records, or bytes of them, pass in each window of time. */
import { duration, integer, section, size } from '@vigie/core/config/fields';
import * as v from 'valibot';
import type { Batch } from '../batch/batch.ts';
import { FLAG_DROPPED, FLAG_FRAGMENT } from '../kernel/layout.ts';
import { Condition } from './conditions/condition.ts';
import { conditionSchema } from './conditions/condition-schema.ts';
import { RecordTemplate, templateSchema } from './fields/template.ts';
import { recordTimeMs } from './time/record-time.ts';
import type { Transform, TransformContext } from './transform.ts';
import { transformEntries } from './transform-section.ts';

export const throttleSchema = v.pipe(
  section({
    type: v.literal('throttle'),
    ...transformEntries,
    /** Each key has a window of its own. */
    key: v.optional(templateSchema, '{{ log.file.path }}'),
    window: v.optional(duration({ min: 1 }), '1s'),
    /** What passes in a window: records, */
    events: v.optional(integer({ min: 1 })),
    /** or bytes of their lines, or both. */
    bytes: v.optional(size({ min: 1 })),
    /** Keys that are remembered; beyond, the window of the one that was begun first is forgotten. */
    max_keys: v.optional(integer({ min: 1, max: 1_000_000 }), 10_000),
    /** Records that meet it pass and do not count. */
    exclude: v.optional(conditionSchema),
  }),
  v.check(({ events, bytes }) => events !== undefined || bytes !== undefined, 'events, bytes or both'),
);

type ThrottleConfig = Pick<
  v.InferOutput<typeof throttleSchema>,
  'key' | 'window' | 'events' | 'bytes' | 'max_keys' | 'exclude'
>;

interface Window {
  number: number;
  events: number;
  bytes: number;
}

/** Drops with the reason `throttled`. Windows go by the records' own times, so that reading a backlog in a second lets
 *  pass what would have passed when it was written, and reading it again drops the same records. */
export class Throttle implements Transform {
  readonly type = 'throttle';
  readonly #key: RecordTemplate;
  readonly #windowMs: number;
  readonly #events: number;
  readonly #bytes: number;
  readonly #maxKeys: number;
  readonly #exclude: Condition | undefined;
  /** In the order in which their windows began. */
  readonly #windows = new Map<string, Window>();

  constructor({ key, window, events, bytes, max_keys: maxKeys, exclude }: ThrottleConfig) {
    this.#key = new RecordTemplate(key);
    this.#windowMs = window;
    this.#events = events ?? Infinity;
    this.#bytes = bytes ?? Infinity;
    this.#maxKeys = maxKeys;
    this.#exclude = exclude === undefined ? undefined : new Condition(exclude);
  }

  apply(batch: Batch, context: TransformContext): void {
    const { table, rowCount, kernel } = batch;
    if (this.#exclude?.begin(context) === true) return;
    this.#key.begin(batch, context);
    const facts = () => context.facts;
    let records = 0;
    let rawBytes = 0;
    for (let row = 0; row < rowCount; row++) {
      const flags = table.flags(row);
      if ((flags & (FLAG_DROPPED | FLAG_FRAGMENT)) !== 0 || this.#exclude?.test(batch, row) === true) continue;
      const key = this.#key.render(batch, row, facts) ?? '';
      const timeMs = recordTimeMs(kernel.memory, table.timeStart(row), table.timeLength(row)) ?? context.wallMs;
      const bytes = table.rawBytes(row);
      if (this.#passes(key, Math.floor(timeMs / this.#windowMs), bytes)) continue;
      table.setFlags(row, flags | FLAG_DROPPED);
      records += 1;
      rawBytes += bytes;
    }
    if (records > 0) context.dropped('throttled', records, rawBytes);
  }

  /** A record of an earlier window than the key's (another container's, read later) counts in the newer one. */
  #passes(key: string, number: number, bytes: number): boolean {
    let window = this.#windows.get(key);
    if (window === undefined || window.number < number) {
      window = { number, events: 0, bytes: 0 };
      this.#windows.delete(key);
      this.#windows.set(key, window);
      if (this.#windows.size > this.#maxKeys) this.#forgetOldest();
    }
    // One record passes however long it is, or a window would let none.
    const fits = window.events < this.#events && (window.events === 0 || window.bytes + bytes <= this.#bytes);
    if (!fits) return false;
    window.events += 1;
    window.bytes += bytes;
    return true;
  }

  #forgetOldest(): void {
    const oldest = this.#windows.keys().next();
    if (oldest.done !== true) this.#windows.delete(oldest.value);
  }
}
