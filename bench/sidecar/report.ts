/** The sidecar's tables. MB are 10^6 bytes. */
import type { Environment } from '../harness/environment.ts';
import { median } from '../harness/statistics.ts';
import { markdownTable } from '../harness/table.ts';
import type { BusyResult } from './busy.ts';
import type { IdleResult } from './idle.ts';
import type { TortureResult } from './torture.ts';

export interface SidecarReport {
  readonly environment: Environment;
  readonly versions: Readonly<Record<string, string>>;
  readonly idle: readonly IdleResult[];
  /** Every run. */
  readonly busy: readonly BusyResult[];
  readonly torture: readonly TortureResult[];
}

/** From the issue that asked for the sidecar. */
const GOALS = { anonymousMB: 14, pssMB: 22, rssMB: 52, cpuShare: 0.002, firstLineMs: 150, busyMBs: 150, busyRssMB: 70 };

export const VIGIE = 'vigie sidecar stream';

const mb = (bytes: number): string => (bytes / 1e6).toFixed(1);

export function sidecarMarkdown({ environment, versions, idle, busy, torture }: SidecarReport): string {
  const about = Object.entries(versions).map(([name, version]) => `${name}: ${version}`);
  const parts = [`${environment.summary}. ${about.join('; ')}.`, goals(idle, busy, torture)];
  if (idle.length > 0) parts.push(idleTable(idle));
  if (busy.length > 0) parts.push(busyTable(busy));
  if (torture.length > 0) parts.push(tortureTable(torture));
  return parts.join('\n\n');
}

function goals(idle: readonly IdleResult[], busy: readonly BusyResult[], torture: readonly TortureResult[]): string {
  const rest = idle.find(({ streamer }) => streamer === VIGIE);
  const runs = busy.filter(({ streamer }) => streamer === VIGIE);
  const own = torture.filter(({ streamer }) => streamer === VIGIE);
  const rows: string[][] = [];
  const row = (goal: string, reached: string, met: boolean): number => rows.push([goal, reached, met ? 'yes' : 'no']);
  if (rest !== undefined) {
    const { anonymousBytes, pssBytes, rssBytes, cpuShare, firstLineMs } = rest;
    row(
      `idle: at most ${GOALS.anonymousMB} MB of its own`,
      mb(anonymousBytes),
      anonymousBytes <= GOALS.anonymousMB * 1e6,
    );
    row(`idle: PSS at most ${GOALS.pssMB} MB, ten of one image`, mb(pssBytes), pssBytes <= GOALS.pssMB * 1e6);
    row(`idle: RSS at most ${GOALS.rssMB} MB`, mb(rssBytes), rssBytes <= GOALS.rssMB * 1e6);
    row('idle: under 0.2 % of a core', `${(cpuShare * 100).toFixed(2)} %`, cpuShare < GOALS.cpuShare);
    row(
      `first line after less than ${GOALS.firstLineMs} ms`,
      `${firstLineMs.toFixed(0)} ms`,
      firstLineMs < GOALS.firstLineMs,
    );
  }
  if (runs.length > 0) {
    const speed = median(runs.map(({ bytes, cpuSeconds }) => bytes / 1e6 / cpuSeconds));
    const peak = median(runs.map(({ peakRssBytes }) => peakRssBytes));
    row(`busy: ${GOALS.busyMBs} MB/s per core`, `${speed.toFixed(0)} MB/s`, speed >= GOALS.busyMBs);
    row(`busy: RSS at most ${GOALS.busyRssMB} MB`, mb(peak), peak <= GOALS.busyRssMB * 1e6);
  }
  if (own.length > 0) {
    const lost = Math.max(...own.map((run) => run.lost));
    row('0 lines lost over 50 rotations', `${lost} in the worst run`, lost === 0);
  }
  return markdownTable(['goal', 'reached', 'met'], rows);
}

function idleTable(results: readonly IdleResult[]): string {
  return markdownTable(
    ['idle, ten of each', 'its own, MB', 'PSS, MB', 'RSS, MB', 'of a core', 'first line after, ms'],
    results.map(({ streamer, anonymousBytes, pssBytes, rssBytes, cpuShare, firstLineMs }) => [
      streamer,
      mb(anonymousBytes),
      mb(pssBytes),
      mb(rssBytes),
      `${(cpuShare * 100).toFixed(2)} %`,
      firstLineMs.toFixed(0),
    ]),
  );
}

function busyTable(results: readonly BusyResult[]): string {
  const names = [...new Set(results.map(({ streamer }) => streamer))];
  return markdownTable(
    [`busy, ${mb(results[0]?.bytes ?? 0)} MB`, 'MB per CPU-second', 'MB/s', 'peak RSS, MB'],
    names.map((name) => {
      const runs = results.filter(({ streamer }) => streamer === name);
      return [
        name,
        median(runs.map(({ bytes, cpuSeconds }) => bytes / 1e6 / cpuSeconds)).toFixed(0),
        median(runs.map(({ bytes, seconds }) => bytes / 1e6 / seconds)).toFixed(0),
        mb(median(runs.map(({ peakRssBytes }) => peakRssBytes))),
      ];
    }),
  );
}

function tortureTable(results: readonly TortureResult[]): string {
  const groups = new Map<string, TortureResult[]>();
  for (const result of results) {
    const name = `${result.streamer}, ${result.rotation}`;
    groups.set(name, [...(groups.get(name) ?? []), result]);
  }
  return markdownTable(
    ['200000 lines, 50 rotations in 4 s', 'received, median', 'worst', 'twice, most', 'corrupt, most'],
    [...groups].map(([name, runs]) => [
      name,
      median(runs.map(({ received }) => received)).toFixed(0),
      String(Math.min(...runs.map(({ received }) => received))),
      String(Math.max(...runs.map(({ duplicates }) => duplicates))),
      String(Math.max(...runs.map(({ corrupt }) => corrupt))),
    ]),
  );
}
