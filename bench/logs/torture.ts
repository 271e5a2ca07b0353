/** Rotation torture: numbered lines, a rotation every 80 ms, and each reader's count of what it saw. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { progress } from '../harness/context.ts';
import { type Fields, numberField, parseFields } from '../harness/fields.ts';
import type { Contender } from './contender.ts';
import { addContainer, containerPlace } from './pod-tree.ts';
import { startContender, startHelper, type Workshop, withFolder } from './workshop.ts';

export const TORTURE = { lines: 200_000, rotations: 50, kept: 5, seconds: 4, pauseMs: 50 } as const;

/** A reader that has received everything it will receive says so by silence. */
const SILENCE_MS = 5000;

export type Rotation = 'rename' | 'copytruncate';

export interface TortureRun {
  readonly reader: string;
  readonly rotation: Rotation;
  /** Different numbers that arrived undamaged. */
  readonly received: number;
  readonly lost: number;
  readonly duplicates: number;
  readonly corrupt: number;
  readonly writerSeconds: number;
}

/** @param startReader begins reading `file` and returns how to ask for its counts at the end */
async function torture(
  workshop: Workshop,
  reader: string,
  rotation: Rotation,
  seed: number,
  startReader: (file: string, root: string, folder: string) => Promise<{ counts(): Promise<Fields> }>,
): Promise<TortureRun> {
  return await withFolder(async (folder) => {
    const root = join(folder, 'log');
    const file = addContainer(root, containerPlace(0));
    writeFileSync(file, '');
    const started = await startReader(file, root, folder);
    const writer = startHelper(workshop, 'rotating-writer.process', { ...TORTURE, file, mode: rotation, seed }, folder);
    const written = parseFields((await writer.saying(/\{.*\}/))[0]);
    const counts = await started.counts();
    const received = numberField(counts, 'received');
    const run: TortureRun = {
      reader,
      rotation,
      received,
      lost: TORTURE.lines - received,
      duplicates: numberField(counts, 'duplicates'),
      corrupt: numberField(counts, 'corrupt'),
      writerSeconds: numberField(written, 'seconds'),
    };
    progress(
      `${reader}, ${rotation}: ${received} of ${TORTURE.lines}, ${run.duplicates} twice, ${run.corrupt} corrupt; ` +
        `writer ${run.writerSeconds.toFixed(1)} s`,
    );
    return run;
  });
}

export function tortureContender(
  contender: Contender,
  workshop: Workshop,
  rotation: Rotation,
  seed: number,
): Promise<TortureRun> {
  const { sink } = workshop;
  return torture(workshop, contender.name, rotation, seed, async (_, root, folder) => {
    await sink.arm({ mode: 'numbers', expectedRecords: TORTURE.lines, stallMs: SILENCE_MS });
    const agent = startContender(contender, workshop, root, folder);
    await sink.watch(agent.pid);
    agent.release();
    if (contender.readyPattern !== undefined) await agent.saying(contender.readyPattern);
    else await setTimeout(1000);
    return {
      async counts() {
        try {
          return await sink.settled();
        } finally {
          await agent.end();
        }
      },
    };
  });
}

export function tortureTailPackage(
  workshop: Workshop,
  watchFile: boolean,
  rotation: Rotation,
  seed: number,
): Promise<TortureRun> {
  const name = watchFile ? 'tail package, watchFile 100 ms' : 'tail package, fs.watch';
  return torture(workshop, name, rotation, seed, async (file, _root, folder) => {
    const tail = startHelper(workshop, 'tail-package.process', { file, watchFile }, folder, workshop.cores.agent);
    await tail.saying(/ready/);
    return {
      async counts() {
        await setTimeout(SILENCE_MS);
        await tail.end();
        return parseFields((await tail.saying(/\{.*\}/))[0]);
      },
    };
  });
}
