/** Records as Protocol Buffers in groups: a request is a sequence of groups, each with the constant header of one container and
 *  the records behind it. Serialised headers are copied, records are written straight into the request's memory; nothing is
 *  built per record. docs/decisions/0014 has the form and why. */
import type { EncodeResult, Kernel } from '../kernel/kernel.ts';
import { FLAG_DROPPED, FLAG_FRAGMENT } from '../kernel/layout.ts';
import type { JsonLineShape } from './json-lines.ts';

/** Rows of the table, of one container's log. */
export interface Rows {
  readonly kernel: Kernel;
  readonly first: number;
  readonly end: number;
  /** Key of what a shape remembers from one call to the next. */
  readonly log: object;
}

/** Where records may be written; the rules are those of `Kernel.encodeJsonLines`. */
export interface Room {
  readonly start: number;
  /** No record begins here or behind. */
  readonly softEnd: number;
  /** No byte is touched here or behind. */
  readonly hardEnd: number;
}

/** How the records of one container are written for one sink. */
export interface GroupShape {
  /** Writes the records of the rows as whole groups.
   *  @param wrote told each row that was written, in the order in which the records stand in the request */
  write(rows: Rows, room: Room, wrote: (row: number) => void): EncodeResult;
}

export type RecordShape = JsonLineShape | GroupShape;

export function isGroupShape(shape: RecordShape): shape is GroupShape {
  return 'write' in shape;
}

export function isRecord(flags: number): boolean {
  return (flags & (FLAG_DROPPED | FLAG_FRAGMENT)) === 0;
}
