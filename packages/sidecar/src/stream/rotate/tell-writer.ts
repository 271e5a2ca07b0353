import { headProcesses } from '../processes.ts';
import type { RotateSignal } from './rotation.ts';

/** Tells a program to open its log again; of a server and its workers, the server.
 *  @returns how many processes were told: 0 where none is seen, as without a shared process namespace
 *  @throws what the system says, of a process of another user for one */
export function tellWriter(program: string, signal: RotateSignal): number {
  let told = 0;
  for (const pid of headProcesses(program)) {
    process.kill(pid, `SIG${signal}`);
    told++;
  }
  return told;
}
