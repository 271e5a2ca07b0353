/** `parse_auto`: each record is parsed by the format that its first bytes look like. */
import { section } from '@vigie/core/config/fields';
import * as v from 'valibot';
import type { Batch } from '../batch/batch.ts';
import { FLAG_DROPPED, FLAG_FRAGMENT, FLAG_HIDE_MESSAGE } from '../kernel/layout.ts';
import { type Field, fieldOf } from './fields/field.ts';
import { locateText } from './fields/located-text.ts';
import { LOGFMT_COLLISIONS, LogfmtMembers } from './logfmt-members.ts';
import { ObjectMembers } from './object-members.ts';
import { Outcomes } from './outcomes.ts';
import { LineParser } from './parse-regex/line-parser.ts';
import { PRESETS } from './parse-regex/presets.ts';
import { type ParserConfig, parserEntries, reservedNames } from './parser-section.ts';
import type { Transform, TransformContext } from './transform.ts';
import { transformEntries } from './transform-section.ts';

export const parseAutoSchema = section({
  type: v.literal('parse_auto'),
  ...transformEntries,
  ...parserEntries,
});

const LINE_FORMATS = { klog: PRESETS.klog, nginx: PRESETS.nginx, syslog: PRESETS.syslog } as const;

const JSON_COLLISIONS = 'json';

/** What a record can be. */
type Format = 'json' | 'logfmt' | keyof typeof LINE_FORMATS;

type Attempt = 'parsed' | 'failed' | 'no_room';

/** After so many attempts in vain one after the other a format is only tried once in as many records of the container. */
const MAX_MISSES = 64;
/** A logfmt line's first key is not longer. */
const MAX_KEY = 48;

/** Counts as kept, or drops: `unknown_format`, `no_field`; as kept always: `no_room`. A format that a container's records
 *  only look like is hardly tried any more, so that text costs little.
 *  Cost: a look at the first bytes, and that of the parser they call for. */
export class ParseAuto implements Transform {
  readonly type = 'parse_auto';
  readonly #field: Field;
  readonly #json: ObjectMembers;
  readonly #logfmt: LogfmtMembers;
  readonly #lines: Readonly<Record<keyof typeof LINE_FORMATS, LineParser>>;
  readonly #onError: 'keep' | 'drop';
  readonly #hides: boolean;
  readonly #text = { start: 0, end: 0 };
  /** Attempts in vain since the last that was not, per container. */
  readonly #misses = new WeakMap<object, Record<Format, number>>();

  constructor({ field, target, on_error: onError, keep_message: keeps }: ParserConfig) {
    // The same names for both, so that the kernel is told once a batch.
    const reserved = [...reservedNames(keeps), JSON_COLLISIONS, LOGFMT_COLLISIONS];
    const parser = (format: keyof typeof LINE_FORMATS) =>
      new LineParser(LINE_FORMATS[format], { target, omitsDash: true, hidesMessage: !keeps });
    this.#field = fieldOf(field);
    this.#json = new ObjectMembers(target, reserved, JSON_COLLISIONS);
    this.#logfmt = new LogfmtMembers(target, reserved, false);
    this.#lines = { klog: parser('klog'), nginx: parser('nginx'), syslog: parser('syslog') };
    this.#onError = onError;
    this.#hides = !keeps;
  }

  apply(batch: Batch, context: TransformContext): void {
    const { table, rowCount, kernel } = batch;
    const outcomes = new Outcomes(this.#onError);
    this.#json.begin(kernel);
    let misses = this.#misses.get(context.log);
    if (misses === undefined) {
      misses = { json: 0, logfmt: 0, klog: 0, nginx: 0, syslog: 0 };
      this.#misses.set(context.log, misses);
    }
    for (let row = 0; row < rowCount; row++) {
      if ((table.flags(row) & (FLAG_DROPPED | FLAG_FRAGMENT)) !== 0) continue;
      const located = locateText(this.#field, batch, row, context, this.#text);
      if (located !== 'found') {
        outcomes.failed(batch, row, located);
        continue;
      }
      const { start, end } = this.#text;
      const format = formatOf(kernel.memory, start, end);
      let attempt: Attempt = 'failed';
      if (format !== undefined) {
        misses[format] += 1;
        if (misses[format] <= MAX_MISSES || misses[format] % MAX_MISSES === 0) {
          attempt = this.#attempt(format, batch, row, start, end);
          if (attempt === 'parsed') misses[format] = 0;
        }
      }
      if (attempt !== 'parsed') outcomes.failed(batch, row, attempt === 'failed' ? 'unknown_format' : attempt);
    }
    outcomes.report(context);
  }

  #attempt(format: Format, batch: Batch, row: number, start: number, end: number): Attempt {
    if (format !== 'json' && format !== 'logfmt') {
      const outcome = this.#lines[format].parse(batch, row, start, end);
      return outcome === 'no_match' ? 'failed' : outcome;
    }
    let reason: string | undefined;
    if (format === 'json') {
      reason = this.#json.take(batch, row, start, end - start);
    } else {
      reason = this.#logfmt.take(batch, row, start, end);
    }
    if (reason !== undefined) return reason === 'no_room' ? reason : 'failed';
    if (this.#hides) batch.table.setFlags(row, batch.table.flags(row) | FLAG_HIDE_MESSAGE);
    return 'parsed';
  }
}

const OPEN_BRACE = 0x7b;
const LESS_THAN = 0x3c;
const EQUALS = 0x3d;
const COLON = 0x3a;
const KEY_MARKS: ReadonlySet<number> = new Set(Buffer.from('_-.@'));
const KLOG_LETTERS: ReadonlySet<number> = new Set(Buffer.from('IWEF'));

function formatOf(bytes: Buffer, start: number, end: number): Format | undefined {
  const first = start < end ? bytes[start]! : 0;
  if (first === OPEN_BRACE) return 'json';
  const second = start + 1 < end ? bytes[start + 1]! : 0;
  if (first === LESS_THAN) return isDigit(second) ? 'syslog' : undefined;
  if (KLOG_LETTERS.has(first) && isDigit(second)) return 'klog';
  if (hasKey(bytes, start, Math.min(end, start + MAX_KEY))) return 'logfmt';
  return isDigit(first) || first === COLON || isHexLetter(first) ? 'nginx' : undefined;
}

/** A word, then `=`. */
function hasKey(bytes: Buffer, start: number, end: number): boolean {
  let at = start;
  while (at < end && isKeyByte(bytes[at]!)) at += 1;
  return at > start && at < end && bytes[at] === EQUALS;
}

function isKeyByte(byte: number): boolean {
  const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
  return isLetter || isDigit(byte) || KEY_MARKS.has(byte);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** An IPv6 address may begin with one. */
function isHexLetter(byte: number): boolean {
  return byte >= 0x61 && byte <= 0x66;
}
