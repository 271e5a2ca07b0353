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

const [MAJOR = ''] = process.versions.node.split('.', 1);

/** To be called before what it is for is loaded: code that is compiled already stays. */
export function preferMemory(): void {
  for (const flag of FLAGS[MAJOR] ?? []) setFlagsFromString(flag);
}

/** Takes back what the image says for all of them. */
export function preferSpeed(): void {
  if (Number(MAJOR) >= 22) setFlagsFromString('--maglev');
}
