import type { LaneLedger } from '../delivery/ledger.ts';
import { type Hold, Progress } from '../delivery/progress.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { FLAG_FRAGMENT, FLAG_STDERR, FLAG_TRUNCATED, FLAG_UNPARSED } from '../kernel/layout.ts';
import type { OpenRecords } from '../multiline/open-records.ts';
import type { Partials } from './partials.ts';

/** A joined record's claim on its first fragment, which may lie in an older batch or generation. */
export interface JoinedRow {
  readonly row: number;
  readonly hold: Hold;
}

/** Puts fragments of one stream together into the row of the fragment that ends the record: message and
 *  first fragment's time in the arena, offset of the first fragment, raw bytes of all. Fragments that end
 *  nothing yet stay in `partials` and hold the checkpoint. Bytes beyond the limit are counted as dropped.
 *  Unparsed lines between fragments pass untouched: they belong to no stream.
 *  @param joined receives a claim per joined row, in row order
 *  Cost: one walk over the rows, one copy of each fragment; called only when there are any */
export function joinFragments(
  kernel: Kernel,
  rows: number,
  partials: Partials,
  open: OpenRecords,
  progress: Progress,
  ledger: LaneLedger,
  nowMs: number,
  joined: JoinedRow[],
): void {
  const { table, memory } = kernel;
  for (let row = 0; row < rows; row++) {
    const flags = table.flags(row);
    if ((flags & FLAG_UNPARSED) !== 0) continue;
    const stderr = (flags & FLAG_STDERR) !== 0;
    let partial = partials.get(stderr);
    const fragment = (flags & FLAG_FRAGMENT) !== 0;
    if (!fragment && partial === undefined) continue;
    const start = table.messageStart(row);
    const message = memory.subarray(start, start + table.messageLength(row));
    if (partial === undefined) {
      const time = table.timeStart(row);
      const offset = table.offset(row);
      partial = partials.open(
        stderr,
        memory.subarray(time, time + table.timeLength(row)),
        offset,
        progress.hold(offset),
        nowMs,
      );
      // Reading again from here would find what is open besides without its beginning.
      for (const other of [partials.get(!stderr), open.get(stderr), open.get(!stderr)]) {
        if (other !== undefined) Progress.tie(partial.hold, other.hold);
      }
    }
    const cut = partials.append(partial, message);
    if (cut > 0) ledger.dropped('truncated', cut, 0);
    partial.rawBytes += table.rawBytes(row) - cut;
    if (fragment) continue;
    writePartial(kernel, row, partial.bytes.subarray(0, partial.length), partial.time);
    table.setOffset(row, partial.offset);
    table.setRawBytes(row, partial.rawBytes);
    table.setFlags(row, flags | (partial.truncated ? FLAG_TRUNCATED : 0));
    joined.push({ row, hold: partial.hold });
    partials.close(stderr);
    ledger.joinedRecords++;
  }
}

/** Points a row at a message and a time that lie outside the input. */
export function writePartial(kernel: Kernel, row: number, message: Uint8Array, time: Uint8Array): void {
  const { table, memory, arena } = kernel;
  const at = arena.alloc(message.length + time.length);
  if (at < 0) throw new RangeError('arena too small for one joined record');
  memory.set(message, at);
  memory.set(time, at + message.length);
  table.setMessage(row, at, message.length);
  table.setTime(row, at + message.length, time.length);
}
