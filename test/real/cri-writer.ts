/** Starts and steers the writer process of cri-writer.program.ts. */

import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import type { ContainerIdentity, RotationCounts, RotationRules } from './container-log.ts';
import { killLeashed, spawnLeashed } from './leash.ts';

export interface WriterPlan {
  /** The folder in which `pods` and `containers` are made. */
  readonly root: string;
  readonly seed: number;
  /** Unix ms of record 0. */
  readonly startMs: number;
  /** Records from <= n < to are written; record n goes to container n modulo their number. */
  readonly from: number;
  readonly to: number;
  readonly containers: readonly ContainerIdentity[];
  readonly rotation: RotationRules;
  readonly linesPerSecond: number;
  /** The other stream's lines come between the pieces of a split record. Until such a record has its end, an agent cannot resume behind its
   *  beginning, whatever it has delivered of the other stream. */
  readonly interleaved: boolean;
  /** After this record its container starts again, with a new file and a new link. */
  readonly restartContainerAt?: number;
}

export interface WriterProgress extends RotationCounts {
  readonly written: number;
  /** All is written, and no rotation is under way. */
  readonly done: boolean;
}

export interface CriWriter {
  progress(): WriterProgress;
  /** Lets it write until it has written `records` in sum. It starts with none. */
  allow(records: number): void;
  /** Resolves when all is written, rejects when the process fails. */
  readonly finished: Promise<WriterProgress>;
  stop(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('./cri-writer.program.ts', import.meta.url));

/** @param folder where the bundled program is put: Node 20 runs no TypeScript */
export function startCriWriter(plan: WriterPlan, folder: string): CriWriter {
  const bundle = join(folder, 'cri-writer.mjs');
  buildSync({
    entryPoints: [PROGRAM],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
  const child = spawnLeashed(process.execPath, [bundle, JSON.stringify(plan)], { stdio: ['pipe', 'pipe', 'inherit'] });
  let state: WriterProgress = { written: 0, rotations: 0, gzipped: 0, removed: 0, undone: 0, done: false };
  // One that has written all that it has needs no leave any more, and is gone.
  child.stdin?.on('error', () => undefined);
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      state = JSON.parse(line) as WriterProgress;
    });
  }
  const finished = new Promise<WriterProgress>((resolve, reject) => {
    child.once('error', reject);
    // `close` comes after the last line of stdout, `exit` may come before it.
    child.once('close', (code, signal) => {
      if (state.done) resolve(state);
      else reject(new Error(`the writer ended with ${code ?? signal} after ${state.written} records`));
    });
  });
  // Whoever stops a writer early does not wait for it.
  finished.catch(() => undefined);
  return {
    progress: () => state,
    allow: (records) => {
      child.stdin?.write(`${records}\n`);
    },
    finished,
    stop: () => killLeashed(child),
  };
}
