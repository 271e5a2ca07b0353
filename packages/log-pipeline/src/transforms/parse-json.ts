/** `parse_json`: the members of a message that is a JSON object become members of the record. Nothing is decoded and
 *  built again: the record's extra column points at the bytes between the braces, in the message itself where they can
 *  stand as they are, in the arena where something has to move. */
import { section } from '@vigie/core/config/fields';
import { bug } from '@vigie/core/errors';
import * as v from 'valibot';
import type { Batch } from '../batch/batch.ts';
import { DOCUMENT_PATHS } from '../encode/document.ts';
import { readJsonObject } from '../kernel/json-reader.ts';
import type { Kernel, ScanResult } from '../kernel/kernel.ts';
import { FLAG_DROPPED, FLAG_FRAGMENT, FLAG_HIDE_MESSAGE } from '../kernel/layout.ts';
import { namesCollide } from '../kernel/name-paths.ts';
import { rewriteMembers, rewrittenBound } from './json-rewrite.ts';
import { addMembers, type Span } from './members.ts';
import type { Transform, TransformContext } from './transform.ts';
import { transformEntries } from './transform-section.ts';

export const parseJsonSchema = section({
  type: v.literal('parse_json'),
  ...transformEntries,
  /** Where the object's members go: "" merges at the root, a colliding key then goes under `json`. */
  target: v.optional(
    v.pipe(
      v.string(),
      v.check(
        (target) => !DOCUMENT_PATHS.some((path) => namesCollide(path, target)),
        `a name that records do not have of their own (${DOCUMENT_PATHS.join(', ')})`,
      ),
    ),
    '',
  ),
  /** What happens to a record whose message is no JSON object. */
  on_error: v.optional(v.picklist(['keep', 'drop']), 'keep'),
  /** false leaves the message out, once its members are in the document. */
  keep_message: v.optional(v.boolean(), true),
});

export interface ParseJsonOptions {
  /** Member that takes the whole object; empty merges its members into the record's root. It must not collide with a
   *  reserved name. */
  readonly target: string;
  /** What happens to a record whose message is no JSON object: it stays as it is, or it is dropped; counted both ways. */
  readonly onError: 'keep' | 'drop';
  /** false leaves the message out of records whose members were taken over. */
  readonly keepMessage: boolean;
  /** Names, or dotted paths, of what the record has itself. At the root a member that collides with one (equal, or one
   *  is a path below the other) goes into the object `json`, as does a member called `json`. */
  readonly reservedNames: readonly string[];
}

/** Member that takes what collides at the root. */
const COLLISIONS_NAME = 'json';
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const WRAPPER = Buffer.from(`"${COLLISIONS_NAME}":{`);
/** The wrapper, its brace, and the comma before it. */
const WRAPPER_BYTES = WRAPPER.length + 2;

type Reason = Exclude<ScanResult['verdict'], 'object'> | 'no_room';

/** Reasons it counts: `not_an_object`, `invalid_json`, `too_deep` (over 64 levels), and `no_room` where the batch's arena
 *  is full (never a reason to drop).
 *  Cost: one scan of the message; besides, for the target's name, a collision or what cannot stand as it is (see
 *  `ScanResult.needsRewrite`), a copy. */
export class ParseJson implements Transform {
  readonly type = 'parse_json';
  readonly #drops: boolean;
  readonly #hides: boolean;
  readonly #reserved: readonly string[];
  /** `"target":`, empty for the root. */
  readonly #label: Buffer;

  constructor({ target, onError, keepMessage, reservedNames }: ParseJsonOptions) {
    const reserved = target === '' ? undefined : reservedNames.find((name) => namesCollide(name, target));
    if (reserved !== undefined) throw bug(`parse_json into '${target}', where records have '${reserved}' themselves`);
    this.#drops = onError === 'drop';
    this.#hides = !keepMessage;
    this.#label = Buffer.from(target === '' ? '' : `${JSON.stringify(target)}:`);
    const taken = keepMessage ? reservedNames : reservedNames.filter((name) => name !== 'message');
    this.#reserved = target === '' ? [...taken, COLLISIONS_NAME] : [];
  }

  apply(batch: Batch, context: TransformContext): void {
    const { kernel, table, rowCount } = batch;
    kernel.reserveNames(this.#reserved);
    const kept: Record<Reason, number> = { not_an_object: 0, invalid_json: 0, too_deep: 0, no_room: 0 };
    const dropped = { ...kept };
    const droppedBytes = { ...kept };
    for (let row = 0; row < rowCount; row++) {
      const flags = table.flags(row);
      if ((flags & (FLAG_DROPPED | FLAG_FRAGMENT)) !== 0) continue;
      const scan = kernel.scanObject(table.messageStart(row), table.messageLength(row));
      const reason = scan.verdict === 'object' ? this.#takeOver(batch, row, scan) : scan.verdict;
      if (reason === undefined) {
        if (this.#hides) table.setFlags(row, flags | FLAG_HIDE_MESSAGE);
      } else if (this.#drops && reason !== 'no_room') {
        table.setFlags(row, flags | FLAG_DROPPED);
        dropped[reason] += 1;
        droppedBytes[reason] += table.rawBytes(row);
      } else {
        kept[reason] += 1;
      }
    }
    for (const reason of REASONS) {
      if (kept[reason] > 0) context.kept(reason, kept[reason]);
      if (dropped[reason] > 0) context.dropped(reason, dropped[reason], droppedBytes[reason]);
    }
  }

  /** Gives the row the object's members. @returns why not, if so; the row is then as it was */
  #takeOver(batch: Batch, row: number, scan: ScanResult): 'no_room' | undefined {
    const { table } = batch;
    const { memory } = batch.kernel;
    const earlierBytes = table.extraLength(row);
    const isSpliced = !scan.needsRewrite && scan.collisions === 0 && this.#label.length === 0;
    if (isSpliced && earlierBytes === 0 && memory[scan.start + 1] === QUOTE) {
      table.setExtra(row, scan.start + 1, scan.end - scan.start - 2);
      return undefined;
    }
    const members = isSpliced ? membersOf(memory, scan) : this.#move(batch, scan);
    if (members === undefined) return 'no_room';
    if (members.start === members.end) return undefined;
    return addMembers(batch, row, members) ? undefined : 'no_room';
  }

  /** Builds the members in the arena. */
  #move({ kernel, arena }: Batch, scan: ScanResult): Span | undefined {
    const { memory } = kernel;
    const { start, end } = scan;
    const wrapperBytes = this.#label.length + WRAPPER_BYTES;
    const bound = scan.needsRewrite ? rewrittenBound(end - start, wrapperBytes) : end - start + wrapperBytes;
    const at = arena.alloc(bound + scan.collisions);
    if (at === -1) return undefined;
    let out = at;
    if (this.#label.length > 0) {
      out += this.#label.copy(memory, out);
      memory[out++] = OPEN_BRACE;
    }
    if (scan.needsRewrite) out = rewrite(memory, out, { start, end }, this.#reserved);
    else if (scan.collisions > 0) out = regroup(kernel, out, scan);
    else out = copy(memory, out, start + 1, end - 1);
    if (this.#label.length > 0) memory[out++] = CLOSE_BRACE;
    arena.shrink(at, out - at);
    return { start: at, end: out };
  }
}

const REASONS: readonly Reason[] = ['not_an_object', 'invalid_json', 'too_deep', 'no_room'];

const SPACES_AND_COMMA: ReadonlySet<number> = new Set(Buffer.from(' \t\n\r,'));

/** What stands between the braces; an empty span when that is white space alone. */
function membersOf(memory: Buffer, { start, end }: Span): Span {
  let from = start + 1;
  while (SPACES_AND_COMMA.has(memory[from]!)) from += 1;
  return from === end - 1 ? { start: from, end: from } : { start: from, end: end - 1 };
}

function copy(memory: Buffer, out: number, start: number, end: number): number {
  memory.copyWithin(out, start, end);
  return out + (end - start);
}

function rewrite(memory: Buffer, out: number, { start, end }: Span, reserved: readonly string[]): number {
  const reading = readJsonObject(memory, start, end);
  if (reading.status !== 'object') throw bug(`scan and reader disagree: ${reading.status}`);
  return rewriteMembers(
    memory,
    out,
    reading.object,
    (name) => reserved.some((other) => namesCollide(name, other)),
    WRAPPER,
  );
}

/** Writes the members that do not collide as they stand, then the others inside one member. */
function regroup(kernel: Kernel, begin: number, { start, end, collisions }: ScanResult): number {
  const { memory } = kernel;
  let out = begin;
  for (let index = 0; index <= collisions; index++) {
    let from = index === 0 ? start + 1 : kernel.collisionEnd(index - 1);
    let to = index < collisions ? kernel.collisionStart(index) : end - 1;
    while (from < to && SPACES_AND_COMMA.has(memory[from]!)) from += 1;
    while (from < to && SPACES_AND_COMMA.has(memory[to - 1]!)) to -= 1;
    if (from < to) {
      if (out > begin) memory[out++] = COMMA;
      out = copy(memory, out, from, to);
    }
  }
  if (out > begin) memory[out++] = COMMA;
  out += WRAPPER.copy(memory, out);
  for (let index = 0; index < collisions; index++) {
    if (index > 0) memory[out++] = COMMA;
    out = copy(memory, out, kernel.collisionStart(index), kernel.collisionEnd(index));
  }
  memory[out++] = CLOSE_BRACE;
  return out;
}
