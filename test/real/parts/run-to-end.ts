import { type SpawnSyncOptions, spawnSync } from 'node:child_process';

/** Maven's and apt's complaints are long; beyond this the run fails, which is better than half a message. */
const MAX_OUTPUT_BYTES = 64 << 20;

/** Runs a command and waits for its end.
 *  @returns what it wrote to stdout
 *  @throws {Error} with all that it wrote, when it fails or cannot be started */
export function runToEnd(command: string, args: readonly string[], options: SpawnSyncOptions = {}): string {
  const result = spawnSync(command, args, { ...options, encoding: 'utf8', maxBuffer: MAX_OUTPUT_BYTES });
  if (result.status === 0) return result.stdout;
  const reason = result.error?.message ?? `ended with ${result.status ?? result.signal}`;
  throw new Error(`${command} ${args.join(' ')}: ${reason}\n${result.stdout ?? ''}${result.stderr ?? ''}`);
}
