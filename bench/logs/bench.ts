/** The node agent beside its peers, in one run: throughput and memory, idle cost, many files, rotation torture.
 *  Options: --quick (64 MiB, one run, short windows), --runs N, --parts a,b,…,
 *  --contenders PATTERN (of throughput and idle, by name). Anything but a full run is for a look and not for the record. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startBulkSink } from '../harness/bulk-sink.ts';
import { type BenchContext, progress } from '../harness/context.ts';
import { claimCores } from '../harness/cores.ts';
import { replaceSection } from '../harness/docs-section.ts';
import { environment } from '../harness/environment.ts';
import type { Contender } from './contender.ts';
import { mixedCorpus, warmPageCache } from './corpus.ts';
import { fluentBitContender, installedFluentBit } from './fluent-bit.ts';
import { type IdleResult, measureIdle } from './idle.ts';
import { type ManyFilesResult, measureManyFiles } from './many-files.ts';
import { type LogsReport, logsMarkdown, NAMES } from './report.ts';
import { ANONYMOUS_RSYSLOG, BEST_RSYSLOG, installedRsyslog, rsyslogContender } from './rsyslog.ts';
import { measureThroughput, throughputMedians } from './throughput.ts';
import { type TortureRun, tortureContender, tortureTailPackage } from './torture.ts';
import { type AgentUnderTest, agentUnderTest, PLAIN_VIGIE, vigieContender } from './vigie.ts';
import type { Workshop } from './workshop.ts';

const PARTS = ['throughput', 'idle', 'many-files', 'torture'] as const;
type Part = (typeof PARTS)[number];

interface Size {
  readonly corpusBytes: number;
  readonly runs: number;
  readonly windowSeconds: number;
}
const FULL: Size = { corpusBytes: 1024 ** 3, runs: 5, windowSeconds: 60 };
const QUICK: Size = { corpusBytes: 64 * 1024 ** 2, runs: 1, windowSeconds: 10 };

export async function run(context: BenchContext): Promise<void> {
  const { values } = parseArgs({
    args: [...context.args],
    options: {
      quick: { type: 'boolean', default: false },
      runs: { type: 'string' },
      parts: { type: 'string', default: PARTS.join(',') },
      contenders: { type: 'string', default: '' },
    },
  });
  const parts = chosenParts(values.parts);
  const size = values.quick ? QUICK : FULL;
  const runs = values.runs === undefined ? size.runs : Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1)
    throw new Error(`--runs: expected a number of at least 1, got '${values.runs}'`);

  const agent = agentUnderTest(context.rootDir);
  const cores = claimCores();
  const peers = peerContenders();
  const sink = await startBulkSink(context.program('bulk-sink.process'), cores.sink);
  try {
    const workshop: Workshop = { sink, cores, program: context.program };
    const vigie = vigieContender(agent, PLAIN_VIGIE, NAMES.plain);
    const wanted = new RegExp(values.contenders);
    const all = [...vigieContenders(agent), ...peers.rsyslog, ...peers.fluentBit];
    const contenders = all.filter(({ name }) => wanted.test(name));
    const report: LogsReport = {
      environment: environment(context.rootDir),
      agentNode: agent.nodeVersion,
      runs,
      peers: peers.versions,
      configurations: Object.fromEntries(contenders.map(({ name, configuration }) => [name, configuration])),
      throughput: parts.has('throughput') ? await throughput(contenders, size.corpusBytes, workshop, runs) : undefined,
      idle: parts.has('idle')
        ? await idle(
            [vigie, ...peers.rsyslog.slice(0, 1)].filter(({ name }) => wanted.test(name)),
            workshop,
            size.windowSeconds,
          )
        : undefined,
      manyFiles: parts.has('many-files') ? await manyFiles(vigie, workshop, size.windowSeconds) : undefined,
      torture: parts.has('torture') ? await torture([vigie, ...peers.rsyslog.slice(0, 1)], workshop, runs) : undefined,
    };
    const partial = values.quick || parts.size < PARTS.length || contenders.length < all.length;
    publish(context.rootDir, report, partial);
  } finally {
    await sink.close();
  }
}

function chosenParts(list: string): ReadonlySet<Part> {
  return new Set(
    list.split(',').map((name) => {
      const part = PARTS.find((known) => known === name);
      if (part === undefined) throw new Error(`--parts: expected some of ${PARTS.join(',')}, got '${name}'`);
      return part;
    }),
  );
}

function vigieContenders(agent: AgentUnderTest): readonly Contender[] {
  return [
    vigieContender(agent, PLAIN_VIGIE, NAMES.plain),
    vigieContender(agent, { ...PLAIN_VIGIE, id: 'deterministic' }, NAMES.ids),
    vigieContender(agent, { ...PLAIN_VIGIE, labels: true }, NAMES.labels),
    vigieContender(agent, { ...PLAIN_VIGIE, compression: 'none' }, NAMES.uncompressed),
    vigieContender(agent, { ...PLAIN_VIGIE, labels: true, compression: 'none' }, NAMES.labelsUncompressed),
    vigieContender(agent, { ...PLAIN_VIGIE, parseJson: true }, NAMES.parseJson),
  ];
}

function peerContenders() {
  const rsyslog = installedRsyslog();
  const fluentBit = installedFluentBit();
  if ('missing' in rsyslog) progress(rsyslog.missing);
  return {
    rsyslog:
      'missing' in rsyslog
        ? []
        : [
            rsyslogContender(rsyslog.version, BEST_RSYSLOG, NAMES.rsyslog),
            rsyslogContender(rsyslog.version, ANONYMOUS_RSYSLOG, NAMES.rsyslogAnonymous),
          ],
    fluentBit:
      fluentBit === undefined
        ? []
        : [
            fluentBitContender(fluentBit, true, NAMES.fluentBit),
            fluentBitContender(fluentBit, false, NAMES.fluentBitRaw),
          ],
    versions: {
      rsyslog: 'missing' in rsyslog ? rsyslog.missing : rsyslog.version,
      fluentBit: fluentBit?.version ?? 'not measured here (FLUENT_BIT names no binary)',
    },
  };
}

async function throughput(contenders: readonly Contender[], corpusBytes: number, workshop: Workshop, runs: number) {
  const corpus = mixedCorpus(corpusBytes);
  warmPageCache(corpus);
  const results = await measureThroughput(contenders, corpus, workshop, runs);
  return {
    corpusBytes: corpus.sizeBytes,
    records: corpus.records,
    rows: results.map((result) => ({
      contender: result.contender.name,
      wrongShare: result.wrongShare,
      medians: throughputMedians(result, corpus),
      runs: result.runs,
    })),
  };
}

async function idle(contenders: readonly Contender[], workshop: Workshop, seconds: number) {
  const results: IdleResult[] = [];
  for (const contender of contenders) results.push(await measureIdle(contender, workshop, seconds));
  return results;
}

function manyFiles(contender: Contender, workshop: Workshop, seconds: number): Promise<ManyFilesResult> {
  return measureManyFiles(contender, workshop, seconds);
}

async function torture(contenders: readonly Contender[], workshop: Workshop, runs: number) {
  const results: TortureRun[] = [];
  for (const rotation of ['rename', 'copytruncate'] as const)
    for (let seed = 1; seed <= runs; seed++) {
      for (const contender of contenders) results.push(await tortureContender(contender, workshop, rotation, seed));
      for (const watchFile of [false, true])
        results.push(await tortureTailPackage(workshop, watchFile, rotation, seed));
    }
  return results;
}

/** @param partial figures for a look, not for the record: they go to a file that is not committed */
function publish(rootDir: string, report: LogsReport, partial: boolean): void {
  const markdown = logsMarkdown(report);
  const resultsDir = join(rootDir, 'bench/results');
  mkdirSync(resultsDir, { recursive: true });
  writeFileSync(join(resultsDir, partial ? 'logs.partial.json' : 'logs.json'), `${JSON.stringify(report, null, 2)}\n`);
  if (!partial) replaceSection(join(rootDir, 'docs/benchmarks.md'), 'logs', markdown);
  console.log(markdown);
}
