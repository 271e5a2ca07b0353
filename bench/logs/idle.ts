/** A thousand logs that nobody writes to: what the agent costs a node for being there. */
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { progress } from '../harness/context.ts';
import { booleanField } from '../harness/fields.ts';
import type { Contender } from './contender.ts';
import { type Usage, usageOver, writeContainers } from './many-containers.ts';
import { startContender, type Workshop, withFolder } from './workshop.ts';

const FILES = 1000;
const LINES = 20;
/** Start-up, first listing and the shipping of what lies there are over, and the collector has run. */
const SETTLE_MS = 10_000;

export interface IdleResult extends Usage {
  readonly contender: string;
  readonly files: number;
}

export function measureIdle(contender: Contender, workshop: Workshop, seconds: number): Promise<IdleResult> {
  return withFolder(async (folder) => {
    const root = join(folder, 'log');
    writeContainers(root, FILES, LINES);
    await workshop.sink.arm({ mode: 'records', expectedRecords: FILES * LINES, stallMs: 20_000 });
    const agent = startContender(contender, workshop, root, folder);
    try {
      await workshop.sink.watch(agent.pid);
      agent.release();
      const shipped = await Promise.race([workshop.sink.settled(), agent.exited().then(() => workshop.sink.stats())]);
      if (!booleanField(shipped, 'complete'))
        throw new Error(`${contender.name}: did not ship ${FILES} small logs\n${agent.output().slice(-2000)}`);
      progress(`${contender.name}: ${FILES} idle files for ${seconds} s`);
      await setTimeout(SETTLE_MS);
      return { contender: contender.name, files: FILES, ...(await usageOver(agent.pid, seconds)) };
    } finally {
      await agent.end();
    }
  });
}
