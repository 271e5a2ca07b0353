/** Finds rsyslog's best configuration for the job of the logs benchmark: each one tried, with its figure. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startBulkSink } from '../harness/bulk-sink.ts';
import type { BenchContext } from '../harness/context.ts';
import { claimCores } from '../harness/cores.ts';
import { replaceSection } from '../harness/docs-section.ts';
import { environment } from '../harness/environment.ts';
import { markdownTable } from '../harness/table.ts';
import { mixedCorpus, warmPageCache } from '../logs/corpus.ts';
import {
  ANONYMOUS_RSYSLOG,
  BEST_RSYSLOG,
  installedRsyslog,
  type RsyslogOptions,
  rsyslogContender,
} from '../logs/rsyslog.ts';
import { measureThroughput, throughputMedians } from '../logs/throughput.ts';

/** Each differs from the best one in what its name says. */
const TRIED: Readonly<Record<string, RsyslogOptions>> = {
  'inotify, FixedArray of 2,000, batches of 1,024, 1 worker, file name, split by position where the time has full width, else mmnormalize':
    BEST_RSYSLOG,
  'batches of 128': { ...BEST_RSYSLOG, dequeueBatchSize: 128 },
  'batches of 256': { ...BEST_RSYSLOG, dequeueBatchSize: 256 },
  'batches of 512': { ...BEST_RSYSLOG, dequeueBatchSize: 512 },
  'queue of 4,000': { ...BEST_RSYSLOG, queueSize: 4000 },
  'queue of 20,000, batches of 4,096': { ...BEST_RSYSLOG, dequeueBatchSize: 4096, queueSize: 20_000 },
  'queue of 100,000, batches of 16,384': { ...BEST_RSYSLOG, dequeueBatchSize: 16_384, queueSize: 100_000 },
  LinkedList: { ...BEST_RSYSLOG, queue: 'LinkedList' },
  '2 workers': { ...BEST_RSYSLOG, workerThreads: 2 },
  polling: { ...BEST_RSYSLOG, mode: 'polling' },
  'polling, maxLinesAtOnce 100,000': { ...BEST_RSYSLOG, mode: 'polling', maxLinesAtOnce: 100_000 },
  'maxLinesAtOnce 100,000': { ...BEST_RSYSLOG, maxLinesAtOnce: 100_000 },
  'readTimeout 1': { ...BEST_RSYSLOG, readTimeout: 1 },
  'split by a regex': { ...BEST_RSYSLOG, split: 'regex' },
  'split by field() and substring()': { ...BEST_RSYSLOG, split: 'field and substring' },
  'split by mmnormalize': { ...BEST_RSYSLOG, split: 'mmnormalize' },
  'without file name (the container is not known)': ANONYMOUS_RSYSLOG,
  'split by position (wrong where the time is shorter)': { ...BEST_RSYSLOG, split: 'positions' },
  'split by position, without file name (both)': { ...ANONYMOUS_RSYSLOG, split: 'positions' },
};

export async function run(context: BenchContext): Promise<void> {
  const { values } = parseArgs({
    args: [...context.args],
    options: {
      only: { type: 'string', default: '' },
      runs: { type: 'string', default: '3' },
      mebibytes: { type: 'string', default: '128' },
    },
  });
  const cores = claimCores();
  const installed = installedRsyslog();
  if ('missing' in installed) throw new Error(installed.missing);
  const corpus = mixedCorpus(Number(values.mebibytes) * 1024 * 1024);
  warmPageCache(corpus);
  const sink = await startBulkSink(context.program('bulk-sink.process'), cores.sink);
  try {
    const contenders = Object.entries(TRIED)
      .filter(([name]) => name.includes(values.only))
      .map(([name, options]) => rsyslogContender(installed.version, options, name));
    const results = await measureThroughput(
      contenders,
      corpus,
      { sink, cores, program: context.program },
      Number(values.runs),
    );
    const rows = results
      .map((result) => ({
        name: result.contender.name,
        wrongShare: result.wrongShare,
        ...throughputMedians(result, corpus),
      }))
      .sort((a, b) => b.mbPerCpuSecond - a.mbPerCpuSecond);
    const table = markdownTable(
      ['configuration', 'MB per CPU-second', 'MB/s', 'peak RSS, MB', 'wrong records'],
      rows.map((row) => [
        row.name,
        row.mbPerCpuSecond.toFixed(1),
        row.mbPerWallSecond.toFixed(1),
        (row.peakRssBytes / 1e6).toFixed(0),
        row.wrongShare === 0 ? 'none' : `${(row.wrongShare * 100).toFixed(0)} %`,
      ]),
    );
    if (values.only === '') {
      const about = environment(context.rootDir);
      const best = rsyslogContender(installed.version, BEST_RSYSLOG).configuration;
      writeFileSync(
        join(context.rootDir, 'bench/results/rsyslog.json'),
        `${JSON.stringify({ environment: about, version: installed.version, corpusBytes: corpus.sizeBytes, rows, results, best }, null, 2)}\n`,
      );
      replaceSection(
        join(context.rootDir, 'docs/benchmarks.md'),
        'rsyslog',
        `${table}\n\n${installed.version}; ${about.summary}; medians of ${values.runs}.`,
      );
    }
    console.log(table);
  } finally {
    await sink.close();
  }
}
