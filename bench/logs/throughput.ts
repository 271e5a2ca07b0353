/** One shipper, one pinned core, a corpus that lies there whole: what it costs until the sink has all of it. */
import { progress } from '../harness/context.ts';
import { booleanField, type Fields, numberField } from '../harness/fields.ts';
import { machineCpu } from '../harness/proc-stats.ts';
import { median } from '../harness/statistics.ts';
import type { Contender } from './contender.ts';
import type { Corpus } from './corpus.ts';
import { startContender, type Workshop, withFolder } from './workshop.ts';

/** A compressed body depends a little on where batches end: seen 3e-6 from run to run. A lost read of 512 KiB out of 1 GiB
 *  would be 5e-4. */
const BODY_TOLERANCE = 1e-4;

export interface ThroughputRun {
  /** User and system time of the whole process from the first bulk request to a moment after the last answer. */
  readonly shippingCpuSeconds: number;
  /** The same from the process's beginning. */
  readonly totalCpuSeconds: number;
  /** From the first request to the last answer. */
  readonly wallSeconds: number;
  readonly peakRssBytes: number;
  /** As sent: compressed where the shipper compresses. */
  readonly bodyBytes: number;
  /** How busy the sink's core was with the sink: near 1 means that the sink was the brake. */
  readonly sinkShare: number;
  /** Cores that anything but shipper, sink and harness used meanwhile, and that the hypervisor took: the noise. */
  readonly otherCores: number;
  readonly stolenCores: number;
}

export interface ThroughputResult {
  readonly contender: Contender;
  /** Records the sink counted in the run that is not measured. */
  readonly records: number;
  /** Part of its documents that are not what the line says; 0 for an exact contender. */
  readonly wrongShare: number;
  readonly runs: readonly ThroughputRun[];
}

export interface ThroughputMedians {
  readonly mbPerCpuSecond: number;
  readonly mbPerCpuSecondWithStart: number;
  readonly mbPerWallSecond: number;
  readonly peakRssBytes: number;
  readonly sinkShare: number;
  readonly otherCores: number;
}

/** The whole measurement: one counted run each, then `runs` rounds of all contenders in turn, so that a slow minute of
 *  the machine falls on all of them. A contender that does not deliver everything is an error: its figures mean nothing. */
export async function measureThroughput(
  contenders: readonly Contender[],
  corpus: Corpus,
  workshop: Workshop,
  runs: number,
): Promise<readonly ThroughputResult[]> {
  const counted = new Map<Contender, { bodyBytes: number; records: number; wrongShare: number }>();
  for (const contender of contenders) {
    progress(`${contender.name}: counting what arrives`);
    const stats = await withFolder((folder) =>
      ship(contender, corpus, workshop, folder, { mode: 'records', expectedRecords: corpus.records }),
    );
    const records = numberField(stats.fields, 'records');
    const wrongShare = numberField(stats.fields, 'wrongShare');
    const isCount = contender.sendsFewer === true ? records > 0 : records === corpus.records;
    if (!isCount || (contender.exact && wrongShare > 0))
      throw new Error(
        `${contender.name}: ${records} of ${corpus.records} records arrived, ${(wrongShare * 100).toFixed(1)} % wrong\n` +
          `${String(stats.fields.firstWrong)}\n${stats.output}`,
      );
    counted.set(contender, { bodyBytes: numberField(stats.fields, 'bodyBytes'), records, wrongShare });
  }
  const measured = new Map<Contender, ThroughputRun[]>(contenders.map((contender) => [contender, []]));
  for (let round = 1; round <= runs; round++)
    for (const contender of contenders) {
      const expectedBytes = counted.get(contender)!.bodyBytes;
      const stats = await withFolder((folder) =>
        ship(contender, corpus, workshop, folder, {
          mode: 'bytes',
          expectedBytes: expectedBytes * (1 - BODY_TOLERANCE),
        }),
      );
      if (!booleanField(stats.fields, 'complete') || Math.abs(stats.run.bodyBytes / expectedBytes - 1) > BODY_TOLERANCE)
        throw new Error(
          `${contender.name}: ${stats.run.bodyBytes} of ${expectedBytes} body bytes arrived\n${stats.output}`,
        );
      measured.get(contender)!.push(stats.run);
      progress(`${contender.name} ${round}/${runs}: ${describe(stats.run, corpus)}`);
    }
  return contenders.map((contender) => {
    const { records, wrongShare } = counted.get(contender)!;
    return { contender, records, wrongShare, runs: measured.get(contender)! };
  });
}

export function throughputMedians(result: ThroughputResult, corpus: Corpus): ThroughputMedians {
  const of = (value: (run: ThroughputRun) => number) => median(result.runs.map(value));
  const megabytes = corpus.sizeBytes / 1e6;
  return {
    mbPerCpuSecond: megabytes / of((run) => run.shippingCpuSeconds),
    mbPerCpuSecondWithStart: megabytes / of((run) => run.totalCpuSeconds),
    mbPerWallSecond: megabytes / of((run) => run.wallSeconds),
    peakRssBytes: of((run) => run.peakRssBytes),
    sinkShare: of((run) => run.sinkShare),
    otherCores: of((run) => run.otherCores),
  };
}

function describe(run: ThroughputRun, corpus: Corpus): string {
  const megabytes = corpus.sizeBytes / 1e6;
  return (
    `${(megabytes / run.shippingCpuSeconds).toFixed(1)} MB per CPU-second (${run.shippingCpuSeconds.toFixed(2)} s, ` +
    `${run.totalCpuSeconds.toFixed(2)} s with start), ${(megabytes / run.wallSeconds).toFixed(0)} MB/s, ` +
    `peak ${(run.peakRssBytes / 1e6).toFixed(0)} MB, sink ${(run.sinkShare * 100).toFixed(0)} % of a core, ` +
    `others ${(run.otherCores * 100).toFixed(0)} %, stolen ${(run.stolenCores * 100).toFixed(0)} %`
  );
}

async function ship(
  contender: Contender,
  corpus: Corpus,
  workshop: Workshop,
  folder: string,
  order: { mode: 'bytes'; expectedBytes: number } | { mode: 'records'; expectedRecords: number },
): Promise<{ readonly fields: Fields; readonly run: ThroughputRun; readonly output: string }> {
  const { sink } = workshop;
  const program = startContender(contender, workshop, corpus.root, folder);
  try {
    await sink.arm({ ...order, stallMs: 15_000 });
    await sink.watch(program.pid);
    const machineBefore = machineCpu();
    const harnessBefore = process.cpuUsage();
    const startedAt = performance.now();
    program.release();
    const fields = await Promise.race([sink.settled(), program.exited().then(() => sink.stats())]);
    const elapsedSeconds = (performance.now() - startedAt) / 1e3;
    const machineAfter = machineCpu();
    const harness = process.cpuUsage(harnessBefore);
    if (fields.cpuSecondsAtFirstRequest === undefined || fields.cpuSecondsAtEnd === undefined)
      throw new Error(
        `${contender.name}: sent nothing or ended before it was measured\n${program.output().slice(-2000)}`,
      );
    const totalCpuSeconds = numberField(fields, 'cpuSecondsAtEnd');
    const wallSeconds = numberField(fields, 'wallSeconds');
    const sinkCpuSeconds = numberField(fields, 'sinkCpuSeconds');
    const knownSeconds = totalCpuSeconds + sinkCpuSeconds + (harness.user + harness.system) / 1e6;
    return {
      fields,
      output: program.output().slice(-2000),
      run: {
        shippingCpuSeconds: totalCpuSeconds - numberField(fields, 'cpuSecondsAtFirstRequest'),
        totalCpuSeconds,
        wallSeconds,
        peakRssBytes: numberField(fields, 'peakRssBytes'),
        bodyBytes: numberField(fields, 'bodyBytes'),
        sinkShare: sinkCpuSeconds / wallSeconds,
        otherCores: Math.max(0, machineAfter.busySeconds - machineBefore.busySeconds - knownSeconds) / elapsedSeconds,
        stolenCores: (machineAfter.stolenSeconds - machineBefore.stolenSeconds) / elapsedSeconds,
      },
    };
  } finally {
    await program.end();
  }
}
