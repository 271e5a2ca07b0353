/** Keeps cores from sleeping. A virtual machine that sleeps between two pieces of work gives its core away, and is slow for a while when it is woken:
 *  on a busy host that doubles the CPU time of a process that works for some milliseconds a second (docs/decisions/0028). On a node, pods keep the
 *  cores awake. */
import { join } from 'node:path';
import { startProgram } from './child.ts';

/** @param cores by number
 *  @param folder for what it says, which is nothing
 *  @returns lets them sleep again */
export function keepAwake(cores: readonly number[], folder: string): () => Promise<void> {
  const spinners = cores.map((core) =>
    startProgram({
      command: 'chrt',
      // SCHED_IDLE: whoever else has something to do has the core at once.
      args: ['--idle', '0', 'sh', '-c', 'while :; do :; done'],
      core,
      cwd: folder,
      outputFile: join(folder, `awake-${core}`),
    }),
  );
  for (const { release } of spinners) release();
  return async () => {
    await Promise.all(spinners.map((spinner) => spinner.end()));
  };
}
