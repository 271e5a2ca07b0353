/** `dedupe`: records that repeat an earlier one become one record with their number. */
import { createHash } from 'node:crypto';
import { duration, integer, section, size, text } from '@vigie/core/config/fields';
import * as v from 'valibot';
import type { Batch } from '../batch/batch.ts';
import { DOCUMENT_PATHS } from '../encode/document.ts';
import { jsonText } from '../encode/json-text.ts';
import { FLAG_DROPPED, FLAG_FRAGMENT } from '../kernel/layout.ts';
import { namesCollide } from '../kernel/name-paths.ts';
import { Condition } from './conditions/condition.ts';
import { conditionSchema } from './conditions/condition-schema.ts';
import { RecordTemplate, templateSchema } from './fields/template.ts';
import { addMembers } from './members.ts';
import { recordTimeMs } from './time/record-time.ts';
import type { Keeping, KeptRecord, Transform, TransformContext } from './transform.ts';
import { transformEntries } from './transform-section.ts';

export const dedupeSchema = section({
  type: v.literal('dedupe'),
  ...transformEntries,
  /** Records of the same key are repeats. */
  key: v.optional(templateSchema, '{{ log.file.path }} {{ stream }} {{ message }}'),
  /** From the first record of a key: what comes later is a first one again. */
  window: v.optional(duration({ min: 1, max: 3_600_000 }), '10s'),
  /** The member that says how many records one stands for. */
  count_field: v.optional(
    v.pipe(
      text(),
      v.check(
        (name) => !DOCUMENT_PATHS.some((own) => namesCollide(own, name)),
        `a name that records do not have of their own (${DOCUMENT_PATHS.join(', ')})`,
      ),
    ),
    'log.repeats',
  ),
  /** Keys that are remembered. */
  max_keys: v.optional(integer({ min: 1, max: 1_000_000 }), 10_000),
  /** Memory for records that are kept back. */
  max_bytes: v.optional(size({ min: 4096 }), '8MiB'),
  /** Records that meet it pass, and are nobody's repeats. */
  exclude: v.optional(conditionSchema),
});

type DedupeConfig = Pick<
  v.InferOutput<typeof dedupeSchema>,
  'key' | 'window' | 'count_field' | 'max_keys' | 'max_bytes' | 'exclude'
>;

interface Repeats {
  /** Of the first record. */
  readonly timeMs: number;
  /** When the newest repeat is sent, monotonic. */
  readonly untilMs: number;
  count: number;
  newest: KeptRecord | undefined;
}

/** Longer keys are remembered by their SHA-256. */
const MAX_KEY = 64;

/** The first record of a key passes at once. Of its repeats the newest is kept back, and sent when the window is over,
 *  with their number; the others are dropped with the reason `deduped`. Until then the checkpoint stays before it, so that
 *  no number is lost when the agent ends: the next one reads the repeats again. Windows go by the records' own times, and
 *  end at the latest so long after the first was read. Counts as kept: `not_foldable`, where records were pushed. */
export class Dedupe implements Transform {
  readonly type = 'dedupe';
  readonly #key: RecordTemplate;
  readonly #windowMs: number;
  readonly #countName: string;
  readonly #maxKeys: number;
  readonly #maxBytes: number;
  readonly #exclude: Condition | undefined;
  /** In the order in which they were begun, and end. */
  readonly #repeats = new Map<string, Repeats>();
  /** Over before their time: another record of the key began anew, or memory is short. */
  readonly #over: Repeats[] = [];
  #kept = 0;
  #heldBytes = 0;
  /** Of the record given back last. */
  #count = 0;
  readonly #keeping: Keeping;

  constructor({ key, window, count_field, max_keys, max_bytes, exclude }: DedupeConfig) {
    this.#key = new RecordTemplate(key);
    this.#windowMs = window;
    this.#countName = jsonText(count_field);
    this.#maxKeys = max_keys;
    this.#maxBytes = max_bytes;
    this.#exclude = exclude === undefined ? undefined : new Condition(exclude);
    const dueMs = (): number => this.#dueMs;
    this.#keeping = {
      get dueMs() {
        return dueMs();
      },
      next: (nowMs, all) => this.#next(nowMs, all),
      restored: (batch) => this.#writeCount(batch),
    };
  }

  apply(batch: Batch, context: TransformContext): void {
    const { table, rowCount, kernel } = batch;
    const { keepBack, nowMs } = context;
    if (this.#exclude?.begin(context) === true) return;
    if (keepBack === undefined) {
      context.kept('not_foldable', rowCount);
      return;
    }
    this.#key.begin(batch, context);
    const facts = () => context.facts;
    for (let row = 0; row < rowCount; row++) {
      if ((table.flags(row) & (FLAG_DROPPED | FLAG_FRAGMENT)) !== 0 || this.#exclude?.test(batch, row) === true)
        continue;
      const rendered = this.#key.render(batch, row, facts);
      // Without a field of the key it is like no other.
      if (rendered === undefined) continue;
      const key = rendered.length <= MAX_KEY ? rendered : createHash('sha256').update(rendered).digest('base64');
      const timeMs = recordTimeMs(kernel.memory, table.timeStart(row), table.timeLength(row)) ?? context.wallMs;
      const earlier = this.#repeats.get(key);
      if (earlier !== undefined && timeMs < earlier.timeMs + this.#windowMs && nowMs < earlier.untilMs) {
        this.#fold(earlier, keepBack(row));
        continue;
      }
      if (earlier !== undefined) this.#end(key, earlier);
      this.#repeats.set(key, { timeMs, untilMs: nowMs + this.#windowMs, count: 0, newest: undefined });
      if (this.#repeats.size > this.#maxKeys) this.#endOldest();
    }
  }

  get keeping(): Keeping {
    return this.#keeping;
  }

  /** Its end is due at once. */
  #end(key: string, repeats: Repeats): void {
    this.#repeats.delete(key);
    if (repeats.newest === undefined) return;
    this.#heldBytes -= repeats.newest.heldBytes;
    this.#over.push(repeats);
  }

  #endOldest(): void {
    for (const [key, repeats] of this.#repeats) {
      this.#end(key, repeats);
      return;
    }
  }

  #fold(repeats: Repeats, record: KeptRecord): void {
    const { newest } = repeats;
    if (newest === undefined) this.#kept += 1;
    else {
      this.#heldBytes -= newest.heldBytes;
      newest.drop('deduped');
    }
    repeats.newest = record;
    repeats.count += 1;
    this.#heldBytes += record.heldBytes;
    while (this.#heldBytes > this.#maxBytes && this.#repeats.size > 0) this.#endOldest();
  }

  /** Of the first that was begun, whether or not it has repeats: `next` finds out, and forgets it. */
  get #dueMs(): number {
    if (this.#over.length > 0) return 0;
    if (this.#kept === 0) return Infinity;
    for (const { untilMs } of this.#repeats.values()) return untilMs;
    return Infinity;
  }

  #next(nowMs: number, all: boolean): KeptRecord | undefined {
    for (const [key, repeats] of this.#repeats) {
      if (this.#over.length > 0 || (!all && repeats.untilMs > nowMs)) break;
      this.#end(key, repeats);
    }
    const over = this.#over.shift();
    if (over === undefined) return undefined;
    this.#kept -= 1;
    this.#count = over.count;
    return over.newest;
  }

  /** A single repeat stands for itself. */
  #writeCount(batch: Batch): void {
    if (this.#count < 2) return;
    const member = `${this.#countName}:${this.#count}`;
    const bytes = Buffer.byteLength(member);
    const start = batch.arena.alloc(bytes);
    if (start === -1) return;
    batch.kernel.memory.write(member, start, 'utf8');
    addMembers(batch, 0, { start, end: start + bytes });
  }
}
