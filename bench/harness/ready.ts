import { setTimeout } from 'node:timers/promises';
import type { Program } from './child.ts';

const START_TIMEOUT_MS = 60_000;

/** Resolves once the address answers 200; throws when the program ends before, or a minute has passed. */
export async function answers200(url: string, program: Program): Promise<void> {
  for (const deadline = performance.now() + START_TIMEOUT_MS; performance.now() < deadline; await setTimeout(50)) {
    const status = await fetch(url).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) return;
    if (program.exitCode() !== null) break;
  }
  throw new Error(`${url} never answered 200:\n${program.output().slice(-2000)}`);
}
