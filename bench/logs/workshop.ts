/** What every part of the benchmark works with, and a place of its own for each run. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BulkSink } from '../harness/bulk-sink.ts';
import { type Program, startProgram } from '../harness/child.ts';
import type { Cores } from '../harness/cores.ts';
import type { Contender, RunPlace } from './contender.ts';

export interface Workshop {
  readonly sink: BulkSink;
  readonly cores: Cores;
  /** Path of the runnable bundle of `NAME.process.ts`. */
  readonly program: (name: string) => string;
}

/** A folder for one run: gone after it, also when it failed. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'vigie-bench-run-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts a contender on the agent's core, held until `release`.
 *  @param folder of this run; the contender writes into its work/ */
export function startContender(
  contender: Contender,
  { sink, cores }: Workshop,
  logRoot: string,
  folder: string,
): Program {
  const place: RunPlace = { logRoot, sinkPort: sink.port, workDir: join(folder, 'work') };
  mkdirSync(place.workDir, { recursive: true });
  const launch = contender.launch(place);
  return startProgram({ ...launch, core: cores.agent, cwd: place.workDir, outputFile: join(folder, 'output') });
}

/** Starts one of the benchmark's own programs, on the sink's core unless it is itself what is measured. */
export function startHelper(
  { cores, program }: Workshop,
  name: string,
  options: object,
  folder: string,
  core = cores.sink,
): Program {
  const helper = startProgram({
    command: process.execPath,
    args: [program(name), JSON.stringify(options)],
    core,
    cwd: folder,
    outputFile: join(folder, `${name}.output`),
  });
  helper.release();
  return helper;
}
