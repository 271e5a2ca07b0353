/** The results of the logs benchmark as tables, and beside each goal what was reached. */
import type { Environment } from '../harness/environment.ts';
import { median } from '../harness/statistics.ts';
import { markdownTable } from '../harness/table.ts';
import type { IdleResult } from './idle.ts';
import type { ManyFilesResult } from './many-files.ts';
import type { ThroughputMedians, ThroughputRun } from './throughput.ts';
import { TORTURE, type TortureRun } from './torture.ts';

export const NAMES = {
  plain: 'vigie',
  ids: 'vigie, deterministic ids',
  labels: 'vigie, 20 labels on every record',
  uncompressed: 'vigie, bodies not compressed',
  labelsUncompressed: 'vigie, 20 labels, bodies not compressed',
  parseJson: 'vigie, parse_json',
  rsyslog: 'rsyslog',
  rsyslogAnonymous: 'rsyslog, container unknown',
  fluentBit: 'Fluent Bit, cri parser',
  fluentBitRaw: 'Fluent Bit, no parser',
} as const;

export interface ThroughputReport {
  readonly corpusBytes: number;
  readonly records: number;
  readonly rows: readonly {
    readonly contender: string;
    readonly wrongShare: number;
    readonly medians: ThroughputMedians;
    readonly runs: readonly ThroughputRun[];
  }[];
}

export interface LogsReport {
  readonly environment: Environment;
  readonly agentNode: string;
  readonly runs: number;
  readonly peers: { readonly rsyslog: string; readonly fluentBit: string };
  readonly configurations: Readonly<Record<string, string>>;
  readonly throughput: ThroughputReport | undefined;
  readonly idle: readonly IdleResult[] | undefined;
  readonly manyFiles: ManyFilesResult | undefined;
  readonly torture: readonly TortureRun[] | undefined;
}

export function logsMarkdown(report: LogsReport): string {
  const { environment, agentNode, runs, peers } = report;
  return [
    `${environment.summary}. Agent on Node ${agentNode}, sink on Node ${environment.harnessNode}, each on a core of its own; ` +
      `medians of ${runs}. rsyslog: ${peers.rsyslog}. Fluent Bit: ${peers.fluentBit}.`,
    goalsTable(report),
    ...(report.throughput === undefined ? [] : [throughputTable(report.throughput)]),
    ...(report.idle === undefined ? [] : [idleTable(report.idle)]),
    ...(report.manyFiles === undefined ? [] : [manyFilesTable(report.manyFiles)]),
    ...(report.torture === undefined ? [] : [tortureTable(report.torture)]),
  ].join('\n\n');
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
const percent = (share: number) => `${(share * 100).toFixed(2)} %`;

interface Goal {
  readonly text: string;
  readonly reached: string;
  readonly met: boolean | undefined;
}

function goalsTable(report: LogsReport): string {
  const goals = [...throughputGoals(report.throughput), ...otherGoals(report)];
  return markdownTable(
    ['goal', 'reached', 'met'],
    goals.map(({ text, reached, met }) => [text, reached, met === undefined ? '-' : met ? 'yes' : 'no']),
  );
}

function throughputGoals(throughput: ThroughputReport | undefined): readonly Goal[] {
  if (throughput === undefined) return [];
  const of = (name: string) => throughput.rows.find((row) => row.contender === name)?.medians;
  const ratio = (ours: ThroughputMedians | undefined, peer: ThroughputMedians | undefined) =>
    (ours?.mbPerCpuSecond ?? Number.NaN) / (peer?.mbPerCpuSecond ?? Number.NaN);
  const goal = (text: string, value: number, least: number): Goal => ({
    text,
    reached: Number.isNaN(value) ? 'not measured here' : `${value.toFixed(value < 2 ? 2 : 1)}x`,
    met: Number.isNaN(value) ? undefined : value >= least,
  });
  const plain = of(NAMES.plain);
  const peakBytes = Math.max(
    ...throughput.rows.filter((row) => row.contender.startsWith('vigie')).map((row) => row.medians.peakRssBytes),
  );
  return [
    goal('12x rsyslog, MB of input per CPU-second', ratio(plain, of(NAMES.rsyslog)), 12),
    goal('the same, bodies not compressed', ratio(of(NAMES.uncompressed), of(NAMES.rsyslog)), 12),
    goal('10x Fluent Bit', ratio(plain, of(NAMES.fluentBit)), 10),
    goal('with 20 labels on every record: 0.9x of plain', ratio(of(NAMES.labels), plain), 0.9),
    goal('the same, bodies not compressed', ratio(of(NAMES.labelsUncompressed), of(NAMES.uncompressed)), 0.9),
    { text: 'peak RSS at most 100 MB', reached: `${megabytes(peakBytes)} MB`, met: peakBytes <= 100e6 },
  ];
}

function otherGoals({ idle, manyFiles, torture }: LogsReport): readonly Goal[] {
  const goals: Goal[] = [];
  const ownIdle = idle?.find((result) => result.contender === NAMES.plain);
  if (ownIdle !== undefined)
    goals.push({
      text: `${ownIdle.files} idle files: under 0.5 % of a core, 70 MB`,
      reached: `${percent(ownIdle.cpuShare)}, ${megabytes(ownIdle.maxRssBytes)} MB`,
      met: ownIdle.cpuShare < 0.005 && ownIdle.maxRssBytes < 70e6,
    });
  if (manyFiles !== undefined) {
    const worstMs = Math.max(manyFiles.maxAgeMs, manyFiles.maxReportedLagSeconds * 1e3);
    goals.push({
      text: `${manyFiles.files} files, ${manyFiles.active} at ${manyFiles.linesPerSecond} lines/s: oldest unread byte at most 2 s`,
      reached: `${(worstMs / 1e3).toFixed(2)} s`,
      met: worstMs <= 2000 && manyFiles.receivedLines === manyFiles.writtenLines,
    });
  }
  for (const rotation of ['rename', 'copytruncate'] as const) {
    const runs = torture?.filter((run) => run.reader === NAMES.plain && run.rotation === rotation) ?? [];
    if (runs.length === 0) continue;
    const worst = Math.min(...runs.map((run) => run.received));
    goals.push({
      text: `rotation torture, ${rotation}: ${TORTURE.lines} of ${TORTURE.lines}`,
      reached: `${worst} in the worst of ${runs.length}`,
      met: worst === TORTURE.lines && runs.every((run) => run.corrupt === 0),
    });
  }
  return goals;
}

function throughputTable({ rows, corpusBytes, records }: ThroughputReport): string {
  const rsyslog = rows.find((row) => row.contender === NAMES.rsyslog)?.medians.mbPerCpuSecond;
  const fluentBit = rows.find((row) => row.contender === NAMES.fluentBit)?.medians.mbPerCpuSecond;
  const times = (value: number, peer: number | undefined) =>
    peer === undefined ? 'not measured here' : `${(value / peer).toFixed(1)}x`;
  const table = markdownTable(
    [
      'shipper',
      'MB per CPU-second',
      'with start-up',
      'to rsyslog',
      'to Fluent Bit',
      'MB/s',
      'sent per byte read',
      'peak RSS, MB',
      'wrong records',
      'noise',
    ],
    rows.map(({ contender, medians, wrongShare, runs }) => [
      contender,
      medians.mbPerCpuSecond.toFixed(1),
      medians.mbPerCpuSecondWithStart.toFixed(1),
      times(medians.mbPerCpuSecond, rsyslog),
      times(medians.mbPerCpuSecond, fluentBit),
      medians.mbPerWallSecond.toFixed(0),
      (median(runs.map((run) => run.bodyBytes)) / corpusBytes).toFixed(2),
      megabytes(medians.peakRssBytes),
      wrongShare === 0 ? 'none' : `${(wrongShare * 100).toFixed(0)} %`,
      `${(medians.otherCores * 100).toFixed(0)} %`,
    ]),
  );
  return `${records} records, ${megabytes(corpusBytes)} MB of CRI lines in 4 files. Noise: what other processes used of a core meanwhile.\n\n${table}`;
}

function idleTable(results: readonly IdleResult[]): string {
  return markdownTable(
    ['idle', 'files', 'of a core', 'RSS, MB', 'peak RSS, MB'],
    results.map((result) => [
      result.contender,
      String(result.files),
      percent(result.cpuShare),
      megabytes(result.maxRssBytes),
      megabytes(result.peakRssBytes),
    ]),
  );
}

function manyFilesTable(result: ManyFilesResult): string {
  return markdownTable(
    [
      `${result.files} files, ${result.active} at ${result.linesPerSecond} lines/s, ${result.seconds.toFixed(0)} s`,
      'value',
    ],
    [
      ['lines written', String(result.writtenLines)],
      ['lines received', String(result.receivedLines)],
      ['oldest byte at its delivery, worst (seen by the sink)', `${result.maxAgeMs.toFixed(0)} ms`],
      ["the same, median of each second's worst", `${result.medianSecondMaxAgeMs.toFixed(0)} ms`],
      ["the agent's own lag metric, worst", `${(result.maxReportedLagSeconds * 1e3).toFixed(0)} ms`],
      ['the writer behind its schedule, worst', `${result.writerLateMs.toFixed(0)} ms`],
      ['CPU, of a core', percent(result.cpuShare)],
      ['RSS, MB', megabytes(result.maxRssBytes)],
    ],
  );
}

function tortureTable(runs: readonly TortureRun[]): string {
  const readers = [...new Set(runs.map((run) => run.reader))];
  const rows = (['rename', 'copytruncate'] as const).flatMap((rotation) =>
    readers.map((reader) => {
      const own = runs.filter((run) => run.reader === reader && run.rotation === rotation);
      const worst = own.reduce((least, run) => (run.received < least.received ? run : least));
      return [
        `${reader}, ${rotation}`,
        String(median(own.map((run) => run.received))),
        String(worst.received),
        String(worst.lost),
        String(Math.max(...own.map((run) => run.duplicates))),
        String(Math.max(...own.map((run) => run.corrupt))),
      ];
    }),
  );
  return `${TORTURE.lines} numbered lines, ${TORTURE.rotations} rotations in ${TORTURE.seconds} s, last ${TORTURE.kept} kept.\n\n${markdownTable(
    ['reader, rotation', 'received, median', 'worst', 'lost in the worst', 'twice, most', 'corrupt, most'],
    rows,
  )}`;
}
