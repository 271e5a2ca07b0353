/** Container output as containerd writes it: `TIME STREAM TAG CONTENT`, long lines in pieces. */

export interface OutputLine {
  readonly stream: 'stdout' | 'stderr';
  /** Without its newline. */
  readonly text: string;
}

/** containerd's max_container_log_line_size. */
export const MAX_PIECE_BYTES = 16 * 1024;

const NEWLINE = Buffer.from('\n');

/** @param timeText RFC 3339 with nanoseconds, the same for all pieces of the line
 *  @returns whole lines with their newlines: pieces tagged P, the last one F. As with containerd, a character
 *    may be cut in two between pieces. */
export function encodeCriLine(timeText: string, line: OutputLine): Buffer {
  const content = Buffer.from(line.text);
  const parts: Buffer[] = [];
  let start = 0;
  for (; content.length - start > MAX_PIECE_BYTES; start += MAX_PIECE_BYTES) {
    parts.push(Buffer.from(`${timeText} ${line.stream} P `), content.subarray(start, start + MAX_PIECE_BYTES), NEWLINE);
  }
  parts.push(Buffer.from(`${timeText} ${line.stream} F `), content.subarray(start), NEWLINE);
  return Buffer.concat(parts);
}

/** `2026-11-21T10:00:00.123000042Z`. */
export function criTime(unixMs: number, nanosOfMs: number): string {
  return `${new Date(unixMs).toISOString().slice(0, -1)}${String(nanosOfMs).padStart(6, '0')}Z`;
}
