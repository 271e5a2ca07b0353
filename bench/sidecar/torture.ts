/** Numbered lines, a rotation every 80 ms, and the count of what came out. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type BenchContext, progress } from '../harness/context.ts';
import type { Cores } from '../harness/cores.ts';
import { numberField, parseFields } from '../harness/fields.ts';
import { startHelper, withFolder } from './place.ts';
import { type Streamer, startStreamer } from './streamer.ts';

export const TORTURE = { lines: 200_000, rotations: 50, kept: 5, seconds: 4, pauseMs: 50 } as const;
export const ROTATIONS = ['rename', 'copytruncate'] as const;
export type Rotation = (typeof ROTATIONS)[number];

const SILENCE_MS = 5_000;
/** Node and the first look at the file. */
const START_MS = 1_000;

export interface TortureResult {
  readonly streamer: string;
  readonly rotation: Rotation;
  readonly received: number;
  readonly lost: number;
  readonly duplicates: number;
  readonly corrupt: number;
}

export function measureTorture(
  streamer: Streamer,
  rotation: Rotation,
  seed: number,
  cores: Cores,
  context: BenchContext,
): Promise<TortureResult> {
  return withFolder(async (folder) => {
    const file = join(folder, 'app.log');
    writeFileSync(file, '');
    const program = startStreamer(streamer, file, folder, cores.agent);
    const asked = { pipe: program.pipe, numbers: TORTURE.lines, silenceMs: SILENCE_MS };
    const reader = startHelper(context, 'pipe-reader.process', asked, folder, cores.sink);
    try {
      program.release();
      await setTimeout(START_MS);
      const writer = { ...TORTURE, file, mode: rotation, seed };
      await startHelper(context, 'rotating-writer.process', writer, folder, cores.sink).saying(/\{.*\}/);
      const counts = parseFields((await reader.saying(/\{.*\}/))[0]);
      const received = numberField(counts, 'received');
      progress(`${streamer.name}, ${rotation}: ${received} of ${TORTURE.lines}`);
      return {
        streamer: streamer.name,
        rotation,
        received,
        lost: TORTURE.lines - received,
        duplicates: numberField(counts, 'duplicates'),
        corrupt: numberField(counts, 'corrupt'),
      };
    } finally {
      await program.end();
      await reader.end();
    }
  });
}
