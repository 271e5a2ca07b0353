/** Processes of a program, as /proc shows them: those of the other containers too where the pod shares its process namespace. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** The kernel cuts a process's own name. */
const COMM_LENGTH = 15;

/** Whether a process of that program runs, other than this one. */
export function isRunning(program: string): boolean {
  for (const pid of numbers()) if (isOf(pid, program)) return true;
  return false;
}

/** Those of them that none of the others has begun: of a server and its workers, the server.
 *  Cost: two small reads a process, one more for each that is found */
export function headProcesses(program: string): readonly number[] {
  const parents = new Map<number, number>();
  for (const pid of numbers()) if (isOf(pid, program)) parents.set(pid, parentOf(pid));
  return [...parents].filter(([, parent]) => !parents.has(parent)).map(([pid]) => pid);
}

function* numbers(): Iterable<number> {
  for (const name of readdirSync('/proc')) if (/^\d+$/.test(name) && Number(name) !== process.pid) yield Number(name);
}

function isOf(pid: number, program: string): boolean {
  try {
    // Empty for threads of the kernel, and for what has ended and is not reaped yet.
    const [command = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0', 1);
    if (command === '') return false;
    if (basename(command) === program) return true;
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd() === program.slice(0, COMM_LENGTH);
  } catch {
    // It has ended meanwhile.
    return false;
  }
}

function parentOf(pid: number): number {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    // It has ended meanwhile: nobody's parent, nobody's child.
    return 0;
  }
}
