// Reads `hold PID`, `release PID` and `folder PATH` lines; when stdin closes, kills the process groups still held and removes the folders.
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

const held = new Set();
const folders = [];
for await (const line of createInterface({ input: process.stdin })) {
  const space = line.indexOf(' ');
  const subject = line.slice(space + 1);
  if (line.startsWith('hold ')) held.add(Number(subject));
  else if (line.startsWith('release ')) held.delete(Number(subject));
  else folders.push(subject);
}
for (const pid of held) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
for (const path of folders) rmSync(path, { recursive: true, force: true, maxRetries: 10 });
