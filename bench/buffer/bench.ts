/** What a disk buffer costs: the agent on the mixed corpus with one before its sink and without, and the buffer alone beside
 *  what the disk can do at all. The folders are in the system's temporary directory (TMPDIR), which has to be on the disk in
 *  question. Options: --quick (64 MiB, one run), --runs N. Anything but a full run is for a look and not for the record. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startBulkSink } from '../harness/bulk-sink.ts';
import { type BenchContext, progress } from '../harness/context.ts';
import { claimCores } from '../harness/cores.ts';
import { replaceSection } from '../harness/docs-section.ts';
import { environment } from '../harness/environment.ts';
import { median } from '../harness/statistics.ts';
import { markdownTable } from '../harness/table.ts';
import { mixedCorpus, warmPageCache } from '../logs/corpus.ts';
import { measureThroughput, throughputMedians } from '../logs/throughput.ts';
import { agentContender, agentUnderTest } from '../logs/vigie.ts';
import { type DiskRun, plainWrites, throughBuffer } from './disk-runs.ts';

const FULL = { corpusBytes: 256 * 1024 ** 2, aloneBytes: 512 * 1024 ** 2, runs: 5 };
const QUICK = { corpusBytes: 64 * 1024 ** 2, aloneBytes: 64 * 1024 ** 2, runs: 1 };

/** Large, as plain bodies are, and small, as deflate makes them. */
const BODIES = [
  { name: 'bodies of 1 MiB', bodyBytes: 1024 ** 2 },
  { name: 'bodies of 128 KiB', bodyBytes: 128 * 1024 },
] as const;

/** The type of file systems that are no disk. */
const TMPFS_MAGIC = 0x01021994;

export async function run(context: BenchContext): Promise<void> {
  const { values } = parseArgs({
    args: [...context.args],
    options: { quick: { type: 'boolean', default: false }, runs: { type: 'string' } },
  });
  const size = values.quick ? QUICK : FULL;
  const runs = Number(values.runs ?? size.runs);
  if (!Number.isInteger(runs) || runs < 1)
    throw new Error(`--runs: expected a number of at least 1, got '${values.runs}'`);
  if ((await statfs(tmpdir())).type === TMPFS_MAGIC)
    throw new Error(`${tmpdir()} is memory: set TMPDIR to a folder on the disk that is to be measured`);

  const agent = agentUnderTest(context.rootDir);
  const cores = claimCores();
  const sink = await startBulkSink(context.program('bulk-sink.process'), cores.sink);
  try {
    const corpus = mixedCorpus(size.corpusBytes);
    warmPageCache(corpus);
    const paths = (['none', 'deflate'] as const).flatMap((compression) =>
      [false, true].map((isBuffered) => ({ compression, isBuffered })),
    );
    const contenders = paths.map(({ compression, isBuffered }) => {
      const name = `compression ${compression}, ${isBuffered ? 'disk buffer' : 'no buffer'}`;
      return agentContender(agent, agentYaml(compression, isBuffered), name);
    });
    const results = await measureThroughput(contenders, corpus, { sink, cores, program: context.program }, runs);
    const medians = results.map((result) => throughputMedians(result, corpus));
    const shipping = markdownTable(
      ['path', 'MB per CPU-second', 'of unbuffered', 'MB/s', 'peak RSS, MB'],
      medians.map((row, index) => {
        // Each buffered path stands behind its unbuffered one.
        const plain = medians[index - (index % 2)]!;
        return [
          contenders[index]!.name,
          row.mbPerCpuSecond.toFixed(0),
          (row.mbPerCpuSecond / plain.mbPerCpuSecond).toFixed(2),
          row.mbPerWallSecond.toFixed(0),
          (row.peakRssBytes / 1e6).toFixed(0),
        ];
      }),
    );
    const alone = await measureAlone(size.aloneBytes, runs);
    const disk = markdownTable(
      [
        'the disk',
        'MB/s',
        'of the limit',
        'MB per fsync',
        'fsync ms, median',
        'p99',
        'of the time',
        'MB per CPU-second',
      ],
      alone.flatMap(({ name, buffered, plain }) => [
        diskRow(`${name}, disk buffer`, buffered, plain),
        diskRow(`${name}, write + fsync alone`, plain, plain),
      ]),
    );
    const about = environment(context.rootDir);
    const markdown =
      `${shipping}\n\n${disk}\n\n${corpus.records} records, ${(corpus.sizeBytes / 1e6).toFixed(0)} MB of input; ` +
      `${(size.aloneBytes / 1e6).toFixed(0)} MB of bodies; medians of ${runs}. ` +
      `${about.summary}. Agent on Node ${agent.nodeVersion}.`;
    const resultsDir = join(context.rootDir, 'bench/results');
    mkdirSync(resultsDir, { recursive: true });
    const report = {
      environment: about,
      agentNode: agent.nodeVersion,
      corpusBytes: corpus.sizeBytes,
      records: corpus.records,
      shipping: results.map((result, index) => ({
        name: contenders[index]!.name,
        configuration: contenders[index]!.configuration,
        medians: medians[index],
        runs: result.runs,
      })),
      alone,
    };
    writeFileSync(
      join(resultsDir, values.quick ? 'buffer.partial.json' : 'buffer.json'),
      `${JSON.stringify(report, null, 2)}\n`,
    );
    if (!values.quick) replaceSection(join(context.rootDir, 'docs/benchmarks.md'), 'buffer', markdown);
    console.log(markdown);
  } finally {
    await sink.close();
  }
}

function agentYaml(compression: 'none' | 'deflate', isBuffered: boolean): string {
  return `data_dir: WORK/data
listen: 127.0.0.1:0
sources:
  pods:
    type: kubernetes_logs
    paths: ["LOGS/containers/*.log"]
    read_from: beginning
    metadata: none
sinks:
  es:
    type: elasticsearch
    inputs: [pods]
    endpoints: ["http://127.0.0.1:SINK_PORT"]
    data_stream: logs-kubernetes-default
    compression: ${compression}
    setup: false
${isBuffered ? '    buffer: { type: disk, max_size: 2GiB }\n' : ''}`;
}

interface Alone {
  readonly name: string;
  readonly bodyBytes: number;
  readonly buffered: readonly DiskRun[];
  /** The same bytes in one file, with an fsync after as many as the buffer wrote between two. */
  readonly plain: readonly DiskRun[];
}

/** By turns, so that a slow minute of the disk falls on both. */
async function measureAlone(totalBytes: number, runs: number): Promise<readonly Alone[]> {
  const rows: Alone[] = [];
  for (const { name, bodyBytes } of BODIES) {
    const buffered: DiskRun[] = [];
    const plain: DiskRun[] = [];
    for (let round = 1; round <= runs; round++) {
      const run = await throughBuffer(totalBytes, bodyBytes);
      buffered.push(run);
      plain.push(await plainWrites(totalBytes, run.bytesPerFsync));
      progress(
        `${name} ${round}/${runs}: ${mbPerSecond(run).toFixed(0)} MB/s, ${mbPerSecond(plain.at(-1)!).toFixed(0)} without the buffer`,
      );
    }
    rows.push({ name, bodyBytes, buffered, plain });
  }
  return rows;
}

function mbPerSecond({ bytes, wallSeconds }: DiskRun): number {
  return bytes / 1e6 / wallSeconds;
}

function diskRow(name: string, runs: readonly DiskRun[], plain: readonly DiskRun[]): readonly string[] {
  const of = (value: (run: DiskRun) => number) => median(runs.map(value));
  return [
    name,
    of(mbPerSecond).toFixed(0),
    (of(mbPerSecond) / median(plain.map(mbPerSecond))).toFixed(2),
    (of(({ bytesPerFsync }) => bytesPerFsync) / 1e6).toFixed(2),
    of(({ fsyncMs }) => fsyncMs.median).toFixed(2),
    of(({ fsyncMs }) => fsyncMs.p99).toFixed(2),
    `${(100 * of(({ fsyncShare }) => fsyncShare)).toFixed(0)} %`,
    of(({ bytes, cpuSeconds }) => bytes / 1e6 / cpuSeconds).toFixed(0),
  ];
}
