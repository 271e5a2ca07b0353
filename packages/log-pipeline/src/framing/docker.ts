import type { Kernel } from '../kernel/kernel.ts';
import { FLAG_FRAGMENT, FLAG_STDERR, FLAG_UNPARSED } from '../kernel/layout.ts';

/** How dockerd's json-file driver writes a line. Source: moby daemon/logger/jsonfilelog/jsonlog. */
const DOCKER_LINE = /^\{"log":"/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
const encoder = new TextEncoder();

/** `plain`: every line is a message. */
export type LogFormat = 'cri' | 'docker' | 'plain';

/** Tells the format of a file from its first bytes; what is neither is read as CRI, line by unparsed line. */
export function detectFormat(head: Uint8Array): LogFormat {
  return DOCKER_LINE.test(Buffer.from(head.subarray(0, 16)).toString('latin1')) ? 'docker' : 'cri';
}

/** Turns rows of whole lines into records: the decoded message goes to the arena, without its last newline;
 *  an entry that does not end in one is a fragment. Lines that are no such entry stay unparsed.
 *  Cost: JSON.parse a line; docker's format is the exception on today's nodes, CRI is the fast path.
 *  @returns rows that are fragments, and rows decoded */
export function decodeDockerRows(kernel: Kernel, rows: number): { fragments: number; parsed: number } {
  const { table, memory, arena } = kernel;
  const decoder = new TextDecoder();
  let fragments = 0;
  let parsed = 0;
  for (let row = 0; row < rows; row++) {
    const start = table.messageStart(row);
    const length = table.messageLength(row);
    const entry = decodeEntry(decoder.decode(memory.subarray(start, start + length)));
    if (entry === undefined) continue;
    const whole = entry.log.endsWith('\n');
    const text = whole ? entry.log.slice(0, -1) : entry.log;
    // A UTF-16 unit becomes at most three bytes.
    const at = arena.alloc(text.length * 3 + entry.time.length);
    if (at < 0) throw new RangeError('arena too small for the decoded messages of one batch');
    const timeLength = encoder.encodeInto(entry.time, memory.subarray(at)).written;
    const messageLength = encoder.encodeInto(text, memory.subarray(at + timeLength)).written;
    arena.shrink(at, timeLength + messageLength);
    table.setTime(row, at, timeLength);
    table.setMessage(row, at + timeLength, messageLength);
    table.setFlags(
      row,
      (table.flags(row) & ~FLAG_UNPARSED) | (entry.stream === 'stderr' ? FLAG_STDERR : 0) | (whole ? 0 : FLAG_FRAGMENT),
    );
    parsed++;
    if (!whole) fragments++;
  }
  return { fragments, parsed };
}

interface DockerEntry {
  readonly log: string;
  readonly stream: 'stdout' | 'stderr';
  readonly time: string;
}

function decodeEntry(line: string): DockerEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // Not JSON: the line is shipped raw and counted as unparsed by the caller.
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (!('log' in value) || !('time' in value) || typeof value.log !== 'string') return undefined;
  if (typeof value.time !== 'string' || !TIME.test(value.time)) return undefined;
  const stream = 'stream' in value && value.stream === 'stderr' ? 'stderr' : 'stdout';
  return { log: value.log, stream, time: value.time };
}
