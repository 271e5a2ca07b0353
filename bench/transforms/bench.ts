/** What each transform costs: MB of input per CPU-second of the real agent on the mixed corpus, each alone, in one run
 *  with the untransformed path. Options: --quick (64 MiB, one run), --runs N, --only PATTERN (by name; the untransformed
 *  path is always there). Anything but a full run is for a look and not for the record. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startBulkSink } from '../harness/bulk-sink.ts';
import type { BenchContext } from '../harness/context.ts';
import { claimCores } from '../harness/cores.ts';
import { replaceSection } from '../harness/docs-section.ts';
import { environment } from '../harness/environment.ts';
import { markdownTable } from '../harness/table.ts';
import { mixedCorpus, warmPageCache } from '../logs/corpus.ts';
import { measureThroughput, throughputMedians } from '../logs/throughput.ts';
import { agentUnderTest } from '../logs/vigie.ts';
import { TRANSFORMS, transformContender, UNTRANSFORMED } from './contenders.ts';

const FULL = { corpusBytes: 256 * 1024 ** 2, runs: 5 };
const QUICK = { corpusBytes: 64 * 1024 ** 2, runs: 1 };

export async function run(context: BenchContext): Promise<void> {
  const { values } = parseArgs({
    args: [...context.args],
    options: {
      quick: { type: 'boolean', default: false },
      runs: { type: 'string' },
      only: { type: 'string', default: '' },
    },
  });
  const size = values.quick ? QUICK : FULL;
  const runs = Number(values.runs ?? size.runs);
  if (!Number.isInteger(runs) || runs < 1)
    throw new Error(`--runs: expected a number of at least 1, got '${values.runs}'`);
  const wanted = new RegExp(values.only);
  const chosen = TRANSFORMS.filter(({ name }) => name === UNTRANSFORMED || wanted.test(name));

  const agent = agentUnderTest(context.rootDir);
  const cores = claimCores();
  const sink = await startBulkSink(context.program('bulk-sink.process'), cores.sink);
  try {
    const corpus = mixedCorpus(size.corpusBytes);
    warmPageCache(corpus);
    const contenders = chosen.map((one) => transformContender(agent, one));
    const results = await measureThroughput(contenders, corpus, { sink, cores, program: context.program }, runs);
    const rows = results.map((result, index) => ({
      name: chosen[index]!.name,
      goal: chosen[index]!.goal,
      touches: chosen[index]!.touches,
      configuration: contenders[index]!.configuration,
      recordsSent: result.records,
      medians: throughputMedians(result, corpus),
      runs: result.runs,
    }));
    const plain = rows.find(({ name }) => name === UNTRANSFORMED)!.medians.mbPerCpuSecond;
    const about = environment(context.rootDir);
    const table = markdownTable(
      ['transform', 'MB per CPU-second', 'of untransformed', 'goal', 'met', 'records it touches', 'peak RSS, MB'],
      rows.map(({ name, goal, medians, touches }) => {
        const ratio = medians.mbPerCpuSecond / plain;
        return [
          name,
          medians.mbPerCpuSecond.toFixed(0),
          ratio.toFixed(2),
          goal === undefined ? '-' : String(goal),
          goal === undefined ? '-' : ratio >= goal ? 'yes' : 'no',
          touches,
          (medians.peakRssBytes / 1e6).toFixed(0),
        ];
      }),
    );
    const partial = values.quick || chosen.length < TRANSFORMS.length;
    const resultsDir = join(context.rootDir, 'bench/results');
    mkdirSync(resultsDir, { recursive: true });
    const report = {
      environment: about,
      agentNode: agent.nodeVersion,
      corpusBytes: corpus.sizeBytes,
      records: corpus.records,
      rows,
    };
    writeFileSync(
      join(resultsDir, partial ? 'transforms.partial.json' : 'transforms.json'),
      `${JSON.stringify(report, null, 2)}\n`,
    );
    const markdown =
      `${table}\n\n${corpus.records} records, ${(corpus.sizeBytes / 1e6).toFixed(0)} MB; medians of ${runs}. ` +
      `${about.summary}. Agent on Node ${agent.nodeVersion}.`;
    if (!partial) replaceSection(join(context.rootDir, 'docs/benchmarks.md'), 'transforms', markdown);
    console.log(markdown);
  } finally {
    await sink.close();
  }
}
