/** What a sample costs that comes by remote write, from the body of the request to the log: senders in steady state, 2,000 samples a
 *  request as Prometheus sends them by default. The sender and HTTP are not part of it. */
import * as fs from 'node:fs/promises';
import { systemClock } from '@vigie/core/clock';
import { WriteIntake } from '@vigie/tsdb/api/write-intake';
import { Tsdb } from '@vigie/tsdb/tsdb';
import { encodeWriteRequest, type WrittenSeries } from '@vigie/wire/remote-write/encode-write-request';
import type { RemoteWriteVersion } from '@vigie/wire/remote-write/protocol';
import { compress } from '@vigie/wire/snappy';
import { labelsOf, Workload } from './workload.ts';

const SAMPLES_PER_REQUEST = 2_000;
const MAX_BYTES = 32 << 20;

/** @returns million samples per CPU-second, without the first scrape, which makes the series */
export async function receive(
  version: RemoteWriteVersion,
  { series, scrapes }: { readonly series: number; readonly scrapes: number },
  startMs: number,
  folder: string,
): Promise<number> {
  const failed = (_operation: string, error: unknown): void => {
    throw error;
  };
  const tsdb = new Tsdb(
    { folder, snapshotIntervalMs: 1e9, head: { maxSeriesPerJob: series } },
    { fs, clock: { ...systemClock, nowMs: () => startMs + scrapes * 15_000 }, reports: { failed } },
  );
  await tsdb.start();
  const intake = new WriteIntake(tsdb, MAX_BYTES);
  const workload = new Workload(series);
  const labels = Array.from({ length: series }, (_, index) => [...labelsOf(index).entries()].flat());
  const requests = (scrape: number): readonly Buffer[] => {
    const values = workload.advance();
    const written = labels.map(
      (own, index): WrittenSeries => ({
        labels: own,
        values: Float64Array.of(values[index]!),
        timestampsMs: Float64Array.of(startMs + scrape * 15_000),
      }),
    );
    const blocks: Buffer[] = [];
    for (let from = 0; from < series; from += SAMPLES_PER_REQUEST)
      blocks.push(compress(encodeWriteRequest(version, written.slice(from, from + SAMPLES_PER_REQUEST))));
    return blocks;
  };
  const takeAll = async (blocks: readonly Buffer[]): Promise<void> => {
    for (const block of blocks) {
      const { problems } = await intake.take(block, version);
      if (problems.count > 0) throw new Error(String(problems));
    }
  };
  await takeAll(requests(0));
  // Made before any is taken: what making them leaves to the garbage collector is not the receiver's.
  const blocks = Array.from({ length: scrapes }, (_, scrape) => requests(scrape + 1)).flat();
  const before = process.cpuUsage();
  await takeAll(blocks);
  const { user, system } = process.cpuUsage(before);
  await tsdb.close();
  return (series * scrapes) / (user + system);
}
