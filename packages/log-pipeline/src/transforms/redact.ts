/** `redact`: personal data and secrets in messages and in parsed members are replaced. */
import { section, text } from '@vigie/core/config/fields';
import { DETECTORS, type DetectorName } from '@vigie/core/redaction/detectors';
import { Redactor } from '@vigie/core/redaction/redactor';
import * as v from 'valibot';
import type { Batch } from '../batch/batch.ts';
import { FLAG_DROPPED, FLAG_FRAGMENT, FLAG_HIDE_MESSAGE } from '../kernel/layout.ts';
import { AnchorSearch } from './anchor-search.ts';
import { RedactedMembers } from './redacted-members.ts';
import { regexText } from './regex-text.ts';
import type { Transform, TransformContext } from './transform.ts';
import { transformEntries } from './transform-section.ts';

const PRESETS = Object.keys(DETECTORS) as readonly DetectorName[];

export const redactSchema = v.pipe(
  section({
    type: v.literal('redact'),
    ...transformEntries,
    presets: v.optional(v.array(v.picklist(PRESETS)), []),
    /** Own patterns: the first group is replaced, or the whole match where there is none. */
    patterns: v.optional(
      v.array(
        section({
          /** Stands in what replaces it. */
          name: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,64}$/, 'a name of letters, digits, _ and -')),
          pattern: regexText,
        }),
      ),
      [],
    ),
    mode: v.optional(v.picklist(['mask', 'hash']), 'mask'),
    /** Of `mode: hash`: the same value gives the same hash under the same key. */
    hash_key: v.optional(text()),
  }),
  v.check(
    ({ presets, patterns }) => presets.length + patterns.length > 0 && presets.length + patterns.length <= 31,
    'presets or patterns to look for, at most 31 together',
  ),
  v.check(
    ({ mode, hash_key: key }) => (mode === 'hash') === (key !== undefined),
    'hash_key with mode: hash, and only there; ${NAME} takes it from the environment',
  ),
);

type RedactConfig = Pick<v.InferOutput<typeof redactSchema>, 'presets' | 'patterns' | 'hash_key'>;

/** Drops with the reason `no_room_to_redact` where the arena is full: what should be hidden does not leave.
 *  Cost: a look for the bytes that a preset cannot do without, once per read for those that are rare; where they stand, a
 *  pass of that preset over the record. Own patterns walk every record. */
export class Redact implements Transform {
  readonly type = 'redact';
  readonly #redactor: Redactor;
  readonly #anchors: AnchorSearch;
  readonly #members: RedactedMembers;

  constructor({ presets, patterns, hash_key: hashKey }: RedactConfig) {
    this.#redactor = new Redactor({ presets, patterns, hashKey });
    this.#anchors = new AnchorSearch(this.#redactor.needs);
    this.#members = new RedactedMembers(this.#redactor);
  }

  apply(batch: Batch, context: TransformContext): void {
    const { table, rowCount, kernel } = batch;
    this.#anchors.begin(kernel);
    let records = 0;
    let rawBytes = 0;
    for (let row = 0; row < rowCount; row++) {
      const flags = table.flags(row);
      if ((flags & (FLAG_DROPPED | FLAG_FRAGMENT)) !== 0) continue;
      const isRedacted = (flags & FLAG_HIDE_MESSAGE) !== 0 || this.#redactMessage(batch, row);
      if (isRedacted && this.#redactMembers(batch, row)) continue;
      table.setFlags(row, flags | FLAG_DROPPED);
      records += 1;
      rawBytes += table.rawBytes(row);
    }
    if (records > 0) context.dropped('no_room_to_redact', records, rawBytes);
  }

  /** @returns whether the row may go on */
  #redactMessage({ table, kernel, arena }: Batch, row: number): boolean {
    const { memory } = kernel;
    const start = table.messageStart(row);
    const end = start + table.messageLength(row);
    const skips = this.#anchors.missing(start, end);
    if (skips === this.#anchors.all) return true;
    const length = this.#redactor.find(memory, start, end, skips);
    if (length === -1) return true;
    const at = arena.alloc(length);
    if (at === -1) return false;
    this.#redactor.write(memory, start, end, memory, at);
    table.setMessage(row, at, length);
    return true;
  }

  #redactMembers(batch: Batch, row: number): boolean {
    const { table } = batch;
    const length = table.extraLength(row);
    if (length === 0) return true;
    const start = table.extraStart(row);
    // An escape may stand for any character, so that anchors tell nothing then.
    const skips = this.#anchors.missing(start, start + length);
    if (skips === this.#anchors.all && !this.#anchors.hasEscape(start, start + length)) return true;
    const redacted = this.#members.redact(batch, { start, end: start + length });
    if (redacted === 'no_room') return false;
    if (redacted !== undefined) table.setExtra(row, redacted.start, redacted.end - redacted.start);
    return true;
  }
}
