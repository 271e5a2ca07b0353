/** Writes CRI lines to many files at a steady pace; each message begins `c=CONTAINER t=UNIX_MS s=NUMBER `. */
import { openSync, writeSync } from 'node:fs';
import { numberField, parseFields } from '../harness/fields.ts';

/** Writes are bundled per file and tick, as a busy container's are by its runtime's pipe. */
const TICK_MS = 10;
const FILLER =
  ' the quick brown fox jumps over the lazy dog and comes back for the second half of this message, twice a day';

const options = parseFields(process.argv[2]!);
const linesPerSecond = numberField(options, 'LINES_PER_SECOND');
const seconds = numberField(options, 'seconds');
if (!Array.isArray(options.files)) throw new Error('files: expected a list of paths');
const files = options.files.map((file) => openSync(String(file), 'a'));

process.stdout.write('started\n');
const startedAt = performance.now();
let perFile = 0;
let lateMs = 0;
const clock = new Int32Array(new SharedArrayBuffer(4));
for (let tick = 1; perFile < linesPerSecond * seconds; tick++) {
  const dueAt = startedAt + tick * TICK_MS;
  const waitMs = dueAt - performance.now();
  if (waitMs > 0) Atomics.wait(clock, 0, 0, waitMs);
  lateMs = Math.max(lateMs, performance.now() - dueAt);
  const until = Math.min(linesPerSecond * seconds, Math.floor(((dueAt - startedAt) / 1e3) * linesPerSecond));
  for (const [container, file] of files.entries()) {
    const now = Date.now();
    const time = `${new Date(now).toISOString().slice(0, -1)}000001Z stdout F c=${String(container).padStart(4, '0')} t=${now} s=`;
    let text = '';
    for (let line = perFile; line < until; line++) text += `${time}${String(line).padStart(6, '0')}${FILLER}\n`;
    writeSync(file, text);
  }
  perFile = until;
}
process.stdout.write(`${JSON.stringify({ lines: perFile * files.length, lateMs })}\n`);
