/** Keeps cores from sleeping. A virtual machine that sleeps between two pieces of work gives its core away, and finds caches cold and the clock of its
 *  CPU time running on when it is woken: what takes 1 ms then takes 5 to 10, by who else is on the host, and a measurement of 2 % of a core
 *  measures that. On a node, pods keep the cores awake. */
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
