/** What sidecars cost that have nothing to do: ten of one image on a node, each with a file of its own. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type BenchContext, progress } from '../harness/context.ts';
import type { Cores } from '../harness/cores.ts';
import { cpuSecondsOf, sharedMemoryOf } from '../harness/proc-stats.ts';
import { median } from '../harness/statistics.ts';
import { startHelper, withFolder } from './place.ts';
import { type Streamer, startStreamer } from './streamer.ts';

const SIDECARS = 10;

export interface IdleWindow {
  /** Start-up is over, and V8 has collected what it left: it does so 10 s after the last work. */
  readonly settleSeconds: number;
  readonly seconds: number;
}

/** Medians of the sidecars. */
export interface IdleResult {
  readonly streamer: string;
  readonly sidecars: number;
  readonly anonymousBytes: number;
  readonly pssBytes: number;
  readonly rssBytes: number;
  /** Of a core, each. */
  readonly cpuShare: number;
  readonly firstLineMs: number;
}

export function measureIdle(
  streamer: Streamer,
  window: IdleWindow,
  cores: Cores,
  context: BenchContext,
): Promise<IdleResult> {
  return withFolder(async (root) => {
    const running: { pid: number; end(): Promise<void> }[] = [];
    const firstLineMs: number[] = [];
    try {
      for (let n = 0; n < SIDECARS; n++) {
        const folder = join(root, String(n));
        mkdirSync(folder);
        const file = join(folder, 'app.log');
        writeFileSync(file, 'a line that is there at the start\n');
        const sidecar = startStreamer(streamer, file, folder, cores.agent);
        const reader = startHelper(
          context,
          'pipe-reader.process',
          { pipe: sidecar.pipe, bytes: 1 },
          folder,
          cores.sink,
        );
        running.push(sidecar, reader);
        // The reader is there, or the time would be its own.
        await setTimeout(200);
        const startedAt = performance.now();
        sidecar.release();
        await reader.saying(/begun/);
        firstLineMs.push(performance.now() - startedAt);
        appendFileSync(file, 'and one that comes later\n');
      }
      const sidecars = running.filter((_, index) => index % 2 === 0).map(({ pid }) => pid);
      progress(`${streamer.name}: ${SIDECARS} idle for ${window.seconds} s`);
      await setTimeout(window.settleSeconds * 1e3);
      const before = sidecars.map(cpuSecondsOf);
      await setTimeout(window.seconds * 1e3);
      const shares = sidecars.map((pid, index) => (cpuSecondsOf(pid) - (before[index] ?? 0)) / window.seconds);
      const memory = sidecars.map(sharedMemoryOf);
      return {
        streamer: streamer.name,
        sidecars: SIDECARS,
        anonymousBytes: median(memory.map(({ anonymousBytes }) => anonymousBytes)),
        pssBytes: median(memory.map(({ pssBytes }) => pssBytes)),
        rssBytes: median(memory.map(({ rssBytes }) => rssBytes)),
        cpuShare: shares.reduce((sum, share) => sum + share, 0) / shares.length,
        firstLineMs: median(firstLineMs),
      };
    } finally {
      await Promise.all(running.map((program) => program.end()));
    }
  });
}
