/** JSON members for a row's extra column, joined with those that an earlier transform left there. */
import { bug } from '@vigie/core/errors';
import type { Batch } from '../batch/batch.ts';
import { readJsonObject } from '../kernel/json-reader.ts';
import { rewriteMembers, rewrittenBound } from './json-rewrite.ts';

/** Bytes of the kernel's memory; `end` is one past the last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
/** Nothing is moved, so nothing is wrapped. */
const NO_WRAPPER = Buffer.alloc(0);

/** Members of an earlier transform, then new ones; of two with the same name the new one's value stays.
 *  @param earlier as `added`: `"name":value` and commas between, at least one, as the extra column holds them
 *  @returns undefined when the arena is full
 *  Cost: a copy and a scan of both. */
export function joinMembers({ kernel, arena }: Batch, earlier: Span, added: Span): Span | undefined {
  const { memory } = kernel;
  const joinedBytes = earlier.end - earlier.start + (added.end - added.start) + 3;
  const at = arena.alloc(joinedBytes);
  if (at === -1) return undefined;
  let out = at;
  memory[out++] = OPEN_BRACE;
  memory.copyWithin(out, earlier.start, earlier.end);
  out += earlier.end - earlier.start;
  memory[out++] = COMMA;
  memory.copyWithin(out, added.start, added.end);
  out += added.end - added.start;
  memory[out++] = CLOSE_BRACE;
  if (!kernel.scanObject(at, joinedBytes).needsRewrite) return { start: at + 1, end: out - 1 };
  const reading = readJsonObject(memory, at, out);
  if (reading.status !== 'object') throw bug(`scan and reader disagree: ${reading.status}`);
  const start = arena.alloc(rewrittenBound(joinedBytes, 0));
  if (start === -1) return undefined;
  const end = rewriteMembers(memory, start, reading.object, () => false, NO_WRAPPER);
  arena.shrink(start, end - start);
  return { start, end };
}

/** Gives a row members beside those it has.
 *  @returns whether there was room in the arena; if not, the row is as it was */
export function addMembers(batch: Batch, row: number, added: Span): boolean {
  const { table } = batch;
  const earlierBytes = table.extraLength(row);
  let members: Span | undefined = added;
  if (earlierBytes > 0) {
    const start = table.extraStart(row);
    members = joinMembers(batch, { start, end: start + earlierBytes }, added);
    if (members === undefined) return false;
  }
  table.setExtra(row, members.start, members.end - members.start);
  return true;
}
