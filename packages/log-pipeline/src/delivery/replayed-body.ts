import type { Sink } from '../sinks/sink.ts';

export interface ReplayedBody {
  readonly body: Uint8Array;
  readonly records: number;
}

const NEWLINE = 0x0a;

/** The lines of dead letters in the form that their sink sends.
 *  @param unreadable told of each letter that is none of this sink's: it is left out */
export function replayedBody(
  sink: Pick<Sink, 'grouped'>,
  lines: Uint8Array,
  records: number,
  unreadable: () => void,
): ReplayedBody {
  const { grouped } = sink;
  if (grouped === undefined) return { body: lines, records };
  const bodies: Buffer[] = [];
  for (let start = 0; start < lines.length; ) {
    const end = lines.indexOf(NEWLINE, start);
    const line = lines.subarray(start, end < 0 ? lines.length : end);
    start += line.length + 1;
    try {
      bodies.push(grouped.fromJson(Buffer.from(line).toString()));
    } catch {
      unreadable();
    }
  }
  // Messages one behind another are one message with the groups of both.
  return { body: Buffer.concat(bodies), records: bodies.length };
}
