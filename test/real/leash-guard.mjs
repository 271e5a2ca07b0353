// Reads `hold PID`, `release PID`, `folder PATH` and `cgroup PATH` lines; when stdin closes, kills the process groups still held and
// removes the folders and cgroups.
import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

const held = new Set();
const folders = [];
const cgroups = [];
for await (const line of createInterface({ input: process.stdin })) {
  const space = line.indexOf(' ');
  const subject = line.slice(space + 1);
  if (line.startsWith('hold ')) held.add(Number(subject));
  else if (line.startsWith('release ')) held.delete(Number(subject));
  else if (line.startsWith('cgroup ')) cgroups.push(subject);
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

/** As long as the kernel takes to end processes that were killed: a cgroup with one in it is busy. */
const CGROUP_ATTEMPTS = 200;
const CGROUP_PAUSE_MS = 50;

for (const path of cgroups) {
  for (let attempt = 0; existsSync(path) && attempt < CGROUP_ATTEMPTS; attempt++) {
    if (attempt > 0) await delay(CGROUP_PAUSE_MS);
    removeCgroup(path);
  }
}

function removeCgroup(path) {
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) removeCgroup(join(path, entry.name));
  try {
    rmdirSync(path);
  } catch (error) {
    if (error.code !== 'EBUSY' && error.code !== 'ENOENT') throw error;
  }
}
