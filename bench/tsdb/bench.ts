/** What the embedded database costs: appending with and without a log, by remote write, replay, snapshots, reading, and memory
 *  by the sample.
 *  One process, one thread. Options: --quick (5,000 series, 120 scrapes). Anything but a full run is for a look and not for
 *  the record. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Clock, systemClock } from '@vigie/core/clock';
import { SampleColumns } from '@vigie/promql/storage/sample-columns';
import { Head } from '@vigie/tsdb/head/head';
import { Tsdb } from '@vigie/tsdb/tsdb';
import { type BenchContext, progress } from '../harness/context.ts';
import { replaceSection } from '../harness/docs-section.ts';
import { environment } from '../harness/environment.ts';
import { markdownTable } from '../harness/table.ts';
import { receive } from './receiving.ts';
import { labelsOf, Workload } from './workload.ts';

const FULL = { series: 100_000, scrapes: 480 };
const QUICK = { series: 5_000, scrapes: 120 };
const INTERVAL_MS = 15_000;
const START_MS = Date.UTC(2026, 10, 21);
const SERIES_PER_BATCH = 1_000;
/** Their requests are all made before the first is taken: at 100,000 series, 250 MB. */
const RECEIVED_SCRAPES = 10;

interface Measured {
  readonly what: string;
  readonly figure: string;
}

export async function run(context: BenchContext): Promise<void> {
  const { values } = parseArgs({
    args: [...context.args],
    options: { quick: { type: 'boolean', default: false } },
  });
  const size = values.quick ? QUICK : FULL;
  const folder = mkdtempSync(join(tmpdir(), 'vigie-bench-tsdb-'));
  try {
    const rows = [...inMemory(size), ...(await received(size, folder)), ...(await onDisk(size, join(folder, 'disk')))];
    const about = environment(context.rootDir);
    const table = markdownTable(
      ['what', 'figure'],
      rows.map(({ what, figure }) => [what, figure]),
    );
    const markdown = `${table}\n\n${size.series} series, ${size.scrapes} scrapes. ${about.summary}. Node ${process.version}.`;
    const resultsDir = join(context.rootDir, 'bench/results');
    mkdirSync(resultsDir, { recursive: true });
    const name = values.quick ? 'tsdb.partial.json' : 'tsdb.json';
    writeFileSync(join(resultsDir, name), `${JSON.stringify({ environment: about, ...size, rows }, null, 2)}\n`);
    if (!values.quick) replaceSection(join(context.rootDir, 'docs/benchmarks.md'), 'tsdb', markdown);
    console.log(markdown);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function inMemory({ series, scrapes }: typeof FULL): readonly Measured[] {
  const head = new Head({ maxSeriesPerJob: series }, { nowMs: () => START_MS + scrapes * INTERVAL_MS });
  const made = seconds(() => void refsOf(head, series));
  const refs = refsOf(head, series);
  const workload = new Workload(series);
  let appendSeconds = 0;
  for (let scrape = 0; scrape < scrapes; scrape++) {
    const values = workload.advance();
    appendSeconds += seconds(() => {
      for (const batch of batches(refs, values, START_MS + scrape * INTERVAL_MS)) head.append(batch);
    });
  }
  const samples = series * scrapes;
  const { store, arena, table, symbols, postings } = head;
  const compressed = store.chunks.samples;
  const perSeries = table.heldBytes + symbols.estimatedBytes + postings.estimatedBytes + 96 * series;
  progress('appended in memory');
  return [
    { what: 'series made, thousands per CPU-second', figure: (series / made / 1e3).toFixed(0) },
    { what: 'appended in memory, million samples per CPU-second', figure: (samples / appendSeconds / 1e6).toFixed(2) },
    { what: 'chunks and labels, bytes per compressed sample', figure: (arena.usedBytes / compressed).toFixed(2) },
    { what: 'hot block, bytes per series', figure: (store.hot.heldBytes / store.hot.used).toFixed(0) },
    { what: 'columns, symbols, postings and labels, bytes per series', figure: (perSeries / series).toFixed(0) },
    ...reading(head, series, START_MS + (scrapes - 1) * INTERVAL_MS),
  ];
}

function reading(head: Head, series: number, newestMs: number): readonly Measured[] {
  const columns = new SampleColumns();
  const per = (fromMs: number): string => {
    let read = 0;
    const taken = seconds(() => {
      for (let slot = 0; slot < series; slot++) {
        columns.clear();
        head.store.read(slot, fromMs, newestMs, columns);
        read += columns.length;
      }
    });
    return ((taken * 1e9) / read).toFixed(1);
  };
  return [
    { what: 'reading the newest 5 minutes, ns per sample', figure: per(newestMs - 300_000) },
    { what: 'reading all, ns per sample', figure: per(0) },
  ];
}

async function received({ series }: typeof FULL, folder: string): Promise<readonly Measured[]> {
  const rows: Measured[] = [];
  for (const version of ['1.0', '2.0'] as const) {
    const rate = await receive(version, { series, scrapes: RECEIVED_SCRAPES }, START_MS, join(folder, version));
    rows.push({ what: `received by remote write ${version}, million samples per CPU-second`, figure: rate.toFixed(2) });
    progress(`received by remote write ${version}`);
  }
  return rows;
}

async function onDisk({ series, scrapes }: typeof FULL, folder: string): Promise<readonly Measured[]> {
  const nowMs = (): number => START_MS + scrapes * INTERVAL_MS;
  const clock: Clock = { ...systemClock, nowMs };
  const failed = (_operation: string, error: unknown): void => {
    throw error;
  };
  const open = (): Tsdb =>
    new Tsdb(
      { folder, snapshotIntervalMs: 1e9, head: { maxSeriesPerJob: series } },
      { fs, clock, reports: { failed } },
    );
  const tsdb = open();
  await tsdb.start();
  const refs = refsOf(tsdb, series);
  const workload = new Workload(series);
  const before = process.cpuUsage();
  for (let scrape = 0; scrape < scrapes; scrape++) {
    const values = workload.advance();
    const appends = [...batches(refs, values, START_MS + scrape * INTERVAL_MS)].map((batch) => tsdb.append(batch));
    await Promise.all(appends);
  }
  const logged = cpuSeconds(before);
  await tsdb.close();
  progress('appended with a log');
  const samples = series * scrapes;
  const again = open();
  const replay = await timed(() => again.start());
  progress('replayed');
  const snapshot = await timed(() => again.snapshot());
  const { lastBytes } = again.snapshots;
  await again.close();
  const third = open();
  const load = await timed(() => third.start());
  await third.close();
  return [
    { what: 'appended with a log, million samples per CPU-second', figure: (samples / logged / 1e6).toFixed(2) },
    { what: 'replayed, million samples per CPU-second', figure: (samples / replay / 1e6).toFixed(2) },
    { what: 'snapshot written, CPU-seconds', figure: snapshot.toFixed(2) },
    { what: 'snapshot, bytes per sample', figure: (lastBytes / samples).toFixed(2) },
    { what: 'snapshot loaded, million samples per CPU-second', figure: (samples / load / 1e6).toFixed(2) },
  ];
}

function refsOf(target: Pick<Tsdb, 'getOrCreate'>, series: number): Uint32Array {
  return Uint32Array.from({ length: series }, (_, index) => {
    const ref = target.getOrCreate(labelsOf(index));
    if (typeof ref === 'string') throw new Error(ref);
    return ref;
  });
}

function* batches(refs: Uint32Array, values: Float64Array, timestampMs: number) {
  for (let from = 0; from < refs.length; from += SERIES_PER_BATCH) {
    const part = refs.subarray(from, from + SERIES_PER_BATCH);
    const timestampsMs = new Float64Array(part.length).fill(timestampMs);
    yield { count: part.length, refs: part, timestampsMs, values: values.subarray(from, from + SERIES_PER_BATCH) };
  }
}

function seconds(action: () => void): number {
  const before = process.cpuUsage();
  action();
  return cpuSeconds(before);
}

function cpuSeconds(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await action();
  return cpuSeconds(before);
}
