/** Writes numbered CRI lines at a stated pace and rotates the file many times: by rename to numbered names, or by
 *  copytruncate (the file is copied and cut to nothing while it stays in use) with a pause of the writer around it. */
import { closeSync, copyFileSync, existsSync, openSync, renameSync, truncateSync, writeSync } from 'node:fs';
import { numberField, parseFields } from './fields.ts';
import { numberedMessage } from './numbered-lines.ts';
import { seededRandom } from './random.ts';

const options = parseFields(process.argv[2]!);
const file = String(options.file);
const copytruncate = options.mode === 'copytruncate';
const lines = numberField(options, 'lines');
const rotations = numberField(options, 'rotations');
const kept = numberField(options, 'kept');
const seconds = numberField(options, 'seconds');
const pauseMs = copytruncate ? numberField(options, 'pauseMs') : 0;

const random = seededRandom(numberField(options, 'seed'));
const clock = new Int32Array(new SharedArrayBuffer(4));
const startedAt = performance.now();
const writingMs = seconds * 1e3 - rotations * pauseMs;
let descriptor = openSync(file, 'a');
let rotated = 0;
let pausedMs = 0;

for (let next = 0; next < lines; ) {
  const boundary = rotated < rotations ? Math.floor((lines * (rotated + 1)) / (rotations + 1)) : lines;
  const end = Math.min(boundary, next + 1 + Math.floor(random() * 100));
  const time = new Date().toISOString().slice(0, -1);
  let text = '';
  for (; next < end; next++) text += `${time}000001Z stdout F ${numberedMessage(next)}\n`;
  writeSync(descriptor, text);
  waitUntil(startedAt + (next / lines) * writingMs + pausedMs);
  if (next === boundary && rotated < rotations) rotate();
}
closeSync(descriptor);
process.stdout.write(
  `${JSON.stringify({ lines, rotations: rotated, seconds: (performance.now() - startedAt) / 1e3 })}\n`,
);

function rotate(): void {
  rotated++;
  for (let number = kept - 1; number >= 1; number--)
    if (existsSync(`${file}.${number}`)) renameSync(`${file}.${number}`, `${file}.${number + 1}`);
  if (copytruncate) {
    const begun = performance.now();
    waitUntil(begun + pauseMs / 2);
    copyFileSync(file, `${file}.1`);
    truncateSync(file);
    waitUntil(begun + pauseMs);
    pausedMs += pauseMs;
  } else {
    renameSync(file, `${file}.1`);
    closeSync(descriptor);
    descriptor = openSync(file, 'a');
  }
}

function waitUntil(dueMs: number): void {
  const waitMs = dueMs - performance.now();
  if (waitMs > 0) Atomics.wait(clock, 0, 0, waitMs);
}
