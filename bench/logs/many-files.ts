/** Ten thousand logs, a hundred of them busy: how old does a byte get before it is read and delivered?
 *  Told twice: by the agent's own lag metric, and by the sink, which knows when each line was written. */
import { join } from 'node:path';
import { progress } from '../harness/context.ts';
import { booleanField, type Fields, numberField, parseFields } from '../harness/fields.ts';
import type { Contender } from './contender.ts';
import { type Usage, usageOver, writeContainers } from './many-containers.ts';
import { LISTENING } from './vigie.ts';
import { startContender, startHelper, type Workshop, withFolder } from './workshop.ts';

const FILES = 10_000;
const ACTIVE = 100;
const LINES_PER_SECOND = 1000;
const LINES_BEFORE = 20;

export interface ManyFilesResult extends Usage {
  readonly contender: string;
  readonly files: number;
  readonly active: number;
  readonly linesPerSecond: number;
  readonly writtenLines: number;
  readonly receivedLines: number;
  /** From the writing of a line to the answer of the bulk that held it, the worst of all. */
  readonly maxAgeMs: number;
  /** The median over seconds of each second's worst. */
  readonly medianSecondMaxAgeMs: number;
  /** The highest value of the agent's lag metric, one sample a second. */
  readonly maxReportedLagSeconds: number;
  /** The worst delay of the writer behind its own schedule: the machine's part in the ages. */
  readonly writerLateMs: number;
}

export function measureManyFiles(contender: Contender, workshop: Workshop, seconds: number): Promise<ManyFilesResult> {
  return withFolder(async (folder) => {
    const { sink } = workshop;
    const root = join(folder, 'log');
    const paths = writeContainers(root, FILES, LINES_BEFORE);
    const files = paths.filter((_, n) => n % (FILES / ACTIVE) === 0);
    await sink.arm({ mode: 'records', expectedRecords: FILES * LINES_BEFORE, stallMs: 60_000 });
    const agent = startContender(contender, workshop, root, folder);
    try {
      await sink.watch(agent.pid);
      agent.release();
      const url = (await agent.saying(LISTENING))[1]!;
      progress(`${contender.name}: ${FILES} files, shipping what lies there`);
      const shipped = await Promise.race([sink.settled(), agent.exited().then(() => sink.stats())]);
      if (!booleanField(shipped, 'complete'))
        throw new Error(`${contender.name}: did not ship ${FILES} small logs\n${agent.output().slice(-2000)}`);

      progress(`${contender.name}: ${ACTIVE} of ${FILES} files at ${LINES_PER_SECOND} lines/s for ${seconds} s`);
      const expectedRecords = ACTIVE * LINES_PER_SECOND * seconds;
      await sink.arm({ mode: 'ages', expectedRecords, stallMs: 10_000 });
      await sink.watch(agent.pid);
      let maxReportedLagSeconds = 0;
      const writer = startHelper(workshop, 'steady-writer.process', { files, LINES_PER_SECOND, seconds }, folder);
      await writer.saying(/started/);
      const usage = await usageOver(agent.pid, seconds, async () => {
        maxReportedLagSeconds = Math.max(maxReportedLagSeconds, await reportedLag(url));
      });
      const written = parseFields((await writer.saying(/\{.*\}/))[0]);
      const received: Fields = await sink.settled();
      return {
        contender: contender.name,
        files: FILES,
        active: ACTIVE,
        linesPerSecond: LINES_PER_SECOND,
        writtenLines: numberField(written, 'lines'),
        receivedLines: numberField(received, 'records'),
        maxAgeMs: numberField(received, 'maxAgeMs'),
        medianSecondMaxAgeMs: numberField(received, 'medianSecondMaxAgeMs'),
        maxReportedLagSeconds,
        writerLateMs: numberField(written, 'lateMs'),
        ...usage,
      };
    } finally {
      await agent.end();
    }
  });
}

async function reportedLag(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const values = [...metrics.matchAll(/^vigie_agent_lag_seconds\{[^}]*\} (\S+)$/gm)].map(([, value]) => Number(value));
  return Math.max(0, ...values);
}
