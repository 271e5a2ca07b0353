/** What delivery needs to know of a request's bytes: where one record ends and the next begins. */
import { bug } from '@vigie/core/errors';
import { pickRecords, singleRecords } from '../encode/grouped-body.ts';
import type { GroupedBodies, Sink } from '../sinks/sink.ts';

export interface BodyForm {
  /** Two bodies: the first `count` records, and the others. */
  split(body: Uint8Array, count: number): readonly [Uint8Array, Uint8Array];
  /** A body of the chosen records. @param chosen ascending */
  pick(body: Uint8Array, chosen: readonly number[]): Uint8Array;
  /** Each chosen record as the lines that a dead letter keeps. @param chosen ascending */
  letters(body: Uint8Array, chosen: readonly number[]): readonly Uint8Array[];
}

export function bodyFormOf(sink: Pick<Sink, 'linesPerRecord' | 'grouped'>): BodyForm {
  return sink.grouped === undefined ? jsonLines(sink.linesPerRecord) : groups(sink.grouped);
}

function jsonLines(linesPerRecord: number): BodyForm {
  const letters = (body: Uint8Array, chosen: readonly number[]) => recordLines(body, chosen, linesPerRecord);
  return {
    split: (body, count) => {
      const cut = lineEnd(body, 0, count * linesPerRecord);
      return [body.subarray(0, cut), body.subarray(cut)];
    },
    pick: (body, chosen) => Buffer.concat(letters(body, chosen)),
    letters,
  };
}

function groups({ path, toJson }: GroupedBodies): BodyForm {
  const where = (body: Uint8Array, isChosen: (index: number) => boolean) =>
    pickRecords(Buffer.from(body.buffer, body.byteOffset, body.length), path, isChosen);
  const pick = (body: Uint8Array, chosen: readonly number[]) => {
    const all = new Set(chosen);
    return where(body, (index) => all.has(index));
  };
  return {
    split: (body, count) => [where(body, (index) => index < count), where(body, (index) => index >= count)],
    pick,
    letters: (body, chosen) =>
      singleRecords(pick(body, chosen), path).map((record) => Buffer.from(`${toJson(record)}\n`)),
  };
}

const NEWLINE = 0x0a;

/** @param chosen ascending
 *  @returns views of the body's bytes, in the order of `chosen` */
function recordLines(body: Uint8Array, chosen: readonly number[], linesPerRecord: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  let record = 0;
  let at = 0;
  for (const index of chosen) {
    const start = lineEnd(body, at, (index - record) * linesPerRecord);
    at = lineEnd(body, start, linesPerRecord);
    record = index + 1;
    found.push(body.subarray(start, at));
  }
  return found;
}

/** @returns where `lines` lines from `start` end */
function lineEnd(bytes: Uint8Array, start: number, lines: number): number {
  let at = start;
  for (let line = 0; line < lines; line++) {
    const newline = bytes.indexOf(NEWLINE, at);
    if (newline < 0) throw bug(`a body has ${line} lines from byte ${start}, ${lines} were announced`);
    at = newline + 1;
  }
  return at;
}
