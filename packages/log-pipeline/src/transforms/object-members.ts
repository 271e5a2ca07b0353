/** A JSON object in memory whose members become members of a record. Nothing is decoded and built again: the extra column
 *  points at the bytes between the braces where they can stand as they are, and into the arena where something has to
 *  move. */
import { bug } from '@vigie/core/errors';
import type { Batch } from '../batch/batch.ts';
import { readJsonObject } from '../kernel/json-reader.ts';
import type { Kernel, ScanResult } from '../kernel/kernel.ts';
import { namesCollide } from '../kernel/name-paths.ts';
import { rewriteMembers, rewrittenBound } from './json-rewrite.ts';
import { addMembers, type Span } from './members.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** The wrapper's brace, and the comma before it. */
const WRAPPER_END_BYTES = 2;

export type NotTaken = Exclude<ScanResult['verdict'], 'object'> | 'no_room';

export class ObjectMembers {
  readonly #reserved: readonly string[];
  /** `"target":`, empty for the root. */
  readonly #label: Buffer;
  /** `"json":{`: opens the member that takes what collides at the root. */
  readonly #wrapper: Buffer;

  /** @param target member that takes the whole object; empty merges its members into the record's root
   *  @param reserved names, or dotted paths, of what the record has itself. At the root a member that collides with one
   *  (equal, or one is a path below the other) goes into the object `collisions`, as does a member of that name */
  constructor(target: string, reserved: readonly string[], collisions: string) {
    this.#label = Buffer.from(target === '' ? '' : `${JSON.stringify(target)}:`);
    this.#reserved = target === '' ? [...new Set([...reserved, collisions])] : [];
    this.#wrapper = Buffer.from(`${JSON.stringify(collisions)}:{`);
  }

  /** Once for each batch, before the first `take`. */
  begin(kernel: Kernel): void {
    kernel.reserveNames(this.#reserved);
  }

  /** Gives the row the members of the object that the bytes are.
   *  @returns why not, if so; the row is then as it was
   *  Cost: one scan; besides, for the target's name, a collision or what cannot stand as it is (see
   *  `ScanResult.needsRewrite`), a copy. */
  take(batch: Batch, row: number, start: number, length: number): NotTaken | undefined {
    const scan = batch.kernel.scanObject(start, length);
    return scan.verdict === 'object' ? this.#takeOver(batch, row, scan) : scan.verdict;
  }

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
    const wrapperBytes = this.#label.length + this.#wrapper.length + WRAPPER_END_BYTES;
    const bound = scan.needsRewrite ? rewrittenBound(end - start, wrapperBytes) : end - start + wrapperBytes;
    const at = arena.alloc(bound + scan.collisions);
    if (at === -1) return undefined;
    let out = at;
    if (this.#label.length > 0) {
      out += this.#label.copy(memory, out);
      memory[out++] = OPEN_BRACE;
    }
    if (scan.needsRewrite) out = rewrite(memory, out, { start, end }, this.#reserved, this.#wrapper);
    else if (scan.collisions > 0) out = regroup(kernel, out, scan, this.#wrapper);
    else out = copy(memory, out, start + 1, end - 1);
    if (this.#label.length > 0) memory[out++] = CLOSE_BRACE;
    arena.shrink(at, out - at);
    return { start: at, end: out };
  }
}
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

function rewrite(
  memory: Buffer,
  out: number,
  { start, end }: Span,
  reserved: readonly string[],
  wrapper: Buffer,
): number {
  const reading = readJsonObject(memory, start, end);
  if (reading.status !== 'object') throw bug(`scan and reader disagree: ${reading.status}`);
  return rewriteMembers(
    memory,
    out,
    reading.object,
    (name) => reserved.some((other) => namesCollide(name, other)),
    wrapper,
  );
}

/** Writes the members that do not collide as they stand, then the others inside one member. */
function regroup(kernel: Kernel, begin: number, { start, end, collisions }: ScanResult, wrapper: Buffer): number {
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
  out += wrapper.copy(memory, out);
  for (let index = 0; index < collisions; index++) {
    if (index > 0) memory[out++] = COMMA;
    out = copy(memory, out, kernel.collisionStart(index), kernel.collisionEnd(index));
  }
  memory[out++] = CLOSE_BRACE;
  return out;
}
