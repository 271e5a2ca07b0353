import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { headProcesses, isRunning } from '../../src/stream/processes.ts';

let folder = '';
let child: ChildProcess | undefined;
afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

it('knows the process that began the others of its name from those', async () => {
  folder = mkdtempSync(join(tmpdir(), 'vigie-processes-'));
  const name = `srv-${process.pid}`;
  const program = join(folder, name);
  copyFileSync('/bin/sh', program);
  chmodSync(program, 0o755);
  expect([isRunning(name), headProcesses(name)]).toEqual([false, []]);
  // The one that waits has another of its name below it, which says that it is there and ends with its stdin.
  child = spawn(program, ['-c', `exec 3<&0; '${program}' -c 'echo up; read line' <&3 & wait`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child?.stdout?.once('data', resolve));
  expect(readFileSync(`/proc/${child.pid}/comm`, 'utf8').trim()).toBe(name);
  expect([isRunning(name), headProcesses(name)]).toEqual([true, [child.pid]]);
});
