/** Where one run takes place, and the benchmark's own programs in it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Program, startProgram } from '../harness/child.ts';
import type { BenchContext } from '../harness/context.ts';

/** A folder for one run: gone after it, also when it failed. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'vigie-bench-sidecar-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function startHelper(
  { program }: BenchContext,
  name: string,
  options: object,
  folder: string,
  core: number,
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
