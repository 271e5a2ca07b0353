/** How lines leave: as they were written, with a name before them, or as members of JSON objects. */
import { basename } from 'node:path';
import { assertNever } from '@vigie/core/errors';
import {
  type GroupShape,
  isRecord,
  type RecordShape,
  type Room,
  type Rows,
} from '@vigie/log-pipeline/encode/group-shape';
import type { JsonLineShape } from '@vigie/log-pipeline/encode/json-lines';
import type { EncodeResult } from '@vigie/log-pipeline/kernel/kernel';
import { FLAG_TRUNCATED } from '@vigie/log-pipeline/kernel/layout';
import type { Prefix } from './settings.ts';

const NEWLINE = 0x0a;

/** @param path of the file that the lines are from */
export function lineShape(prefix: Prefix, path: string): RecordShape {
  switch (prefix) {
    case 'none':
      return new RawLines(new Uint8Array(0));
    case 'name':
      return new RawLines(Buffer.from(`${basename(path)}: `));
    case 'json':
      return jsonLines(path);
    default:
      return assertNever(prefix);
  }
}

/** Lines byte for byte, the newline included; one that was cut, or ends without, gets one. */
export class RawLines implements GroupShape {
  readonly #prefix: Uint8Array;

  constructor(prefix: Uint8Array) {
    this.#prefix = prefix;
  }

  /** Cost: without a prefix, lines that stand one behind another are copied at once. */
  write({ kernel, first, end }: Rows, { start, softEnd, hardEnd }: Room, wrote: (row: number) => void): EncodeResult {
    const { table, memory } = kernel;
    const prefix = this.#prefix;
    let at = start;
    let row = first;
    let records = 0;
    while (row < end && at < softEnd) {
      const flags = table.flags(row);
      if (!isRecord(flags)) {
        row++;
        continue;
      }
      const isCut = (flags & FLAG_TRUNCATED) !== 0;
      const from = table.lineStart(row);
      let to = isCut ? table.messageStart(row) + table.messageLength(row) : table.lineEnd(row);
      if (at + prefix.length + (to - from) + 1 > hardEnd) break;
      wrote(row++);
      records++;
      while (
        prefix.length === 0 &&
        !isCut &&
        row < end &&
        at + (to - from) < softEnd &&
        isWhole(table.flags(row)) &&
        table.lineStart(row) === to &&
        at + (table.lineEnd(row) - from) < hardEnd
      ) {
        to = table.lineEnd(row);
        wrote(row++);
        records++;
      }
      memory.set(prefix, at);
      at += prefix.length;
      memory.copyWithin(at, from, to);
      at += to - from;
      if (isCut) memory[at++] = NEWLINE;
    }
    return { nextRow: row, records, writtenBytes: at - start };
  }
}

function isWhole(flags: number): boolean {
  return isRecord(flags) && (flags & FLAG_TRUNCATED) === 0;
}

/** `{"time":"…","file":"…","message":"…","offset":0}`, with `"flags":["truncated"]` where the line was cut. */
function jsonLines(path: string): JsonLineShape {
  const file = `","file":${JSON.stringify(path)}`;
  return {
    id: 'none',
    head: Buffer.from('{"time":"'),
    afterId: Buffer.from(''),
    stdout: Buffer.from(`${file},"message":"`),
    stderr: Buffer.from(`${file},"message":"`),
    stdoutBare: Buffer.from(file),
    stderrBare: Buffer.from(file),
    afterMessage: Buffer.from('"'),
    beforeOffset: Buffer.from(',"offset":'),
    tails: TAILS,
  };
}

/** Bits of the index: 1 truncated, 2 unparsed (which a plain line never is), 4 partial. */
const TAILS = Array.from({ length: 8 }, (_, bits) => {
  const flags = ['truncated', 'unparsed', 'partial'].filter((_name, bit) => (bits & (1 << bit)) !== 0);
  return Buffer.from(flags.length === 0 ? '}\n' : `,"flags":${JSON.stringify(flags)}}\n`);
});
