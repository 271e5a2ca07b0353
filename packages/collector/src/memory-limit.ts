/** What a container may have of memory. */
import { totalmem } from 'node:os';

/** @param constrained as the system says, bytes; a number beyond all that there is, or 0, where nothing limits it
 *  @returns bytes; undefined: no more than the machine has */
export function memoryLimitBytes(constrained = process.constrainedMemory(), total = totalmem()): number | undefined {
  return constrained > 0 && constrained < total ? constrained : undefined;
}
