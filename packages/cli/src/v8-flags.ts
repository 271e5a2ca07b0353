/** How much V8 invests in code. By default it compiles what runs a thousand times, each function up to four times over:
 *  right for a program that computes, and 5 MB of machine code and compiler memory in an agent that starts with a
 *  scan of the node and then waits. The log kernel is WebAssembly and untouched by this; what is hot for longer than
 *  a start still gets the optimizing compiler (docs/decisions/0012). */
import { setFlagsFromString } from 'node:v8';

/** No baseline code, and optimized code ten to fifteen times later than by default. By Node's major version, because V8
 *  renames such flags. */
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  20: ['--no-sparkplug', '--interrupt-budget=1000000'],
  24: ['--no-sparkplug', '--no-maglev', '--invocation-count-for-turbofan=30000'],
};

/** Longer than `collectWhenIdle` waits between two looks: V8 does what that one could not, for the process is never at rest. */
const REDUCER_DELAY_MS = 60_000;

const [MAJOR = ''] = process.versions.node.split('.', 1);

/** To be called before what it is for is loaded: code that is compiled already stays. */
export function preferMemory(): void {
  for (const flag of FLAGS[MAJOR] ?? []) setFlagsFromString(flag);
}

/** Takes back what the image says for all of them, and keeps V8 from collecting the whole heap twice more, 8 s after each
 *  collection that was due or that `collectWhenIdle` has made (docs/decisions/0028). */
export function preferSpeed(): void {
  if (Number(MAJOR) >= 22) setFlagsFromString('--maglev');
  // The heap has begun with its memory reducer, which `--no-memory-reducer` ends on the command line alone; its delay is read each time.
  setFlagsFromString(`--gc-memory-reducer-start-delay-ms=${REDUCER_DELAY_MS}`);
}
