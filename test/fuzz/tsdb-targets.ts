/** The files of the time-series database, as a failing disk left them. */

import { errorCode } from '@vigie/core/errors';
import { FakeClock } from '@vigie/core/fake-clock';
import { seededRandom } from '@vigie/core/random';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { SampleColumns } from '@vigie/promql/storage/sample-columns';
import { Tsdb } from '../../packages/tsdb/src/tsdb.ts';
import { FILE_HEADER_BYTES, readFrame, sealFrame } from '../../packages/tsdb/src/wal/frames.ts';
import { MemoryFiles } from '../../packages/tsdb/test/memory-files.ts';
import { randomHistogram } from '../../packages/tsdb/test/random-histogram.ts';
import type { Target } from './target.ts';

const FOLDER = '/tsdb';
const SEGMENT = `${FOLDER}/000000000001.wal`;
const SNAPSHOT = `${FOLDER}/000000000002.snapshot`;
const ALL_TIME = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };

function databaseOver(files: MemoryFiles): Tsdb {
  const failed = (_operation: string, error: unknown): void => {
    throw error;
  };
  const deps = { fs: files, clock: new FakeClock(), reports: { failed } };
  return new Tsdb({ folder: FOLDER, head: { maxExemplars: 16, outOfOrderWindowMs: 1_000 } }, deps);
}

/** A small log of every kind of record, and a snapshot of the same. */
async function samples(): Promise<{ readonly log: Buffer; readonly snapshot: Buffer }> {
  const files = new MemoryFiles();
  const tsdb = databaseOver(files);
  await tsdb.start();
  const refs = ['a', 'b', 'c'].map((pod) => {
    const ref = tsdb.getOrCreate(LabelSet.of({ __name__: 'up', pod }));
    if (typeof ref === 'string') throw new Error(ref);
    return ref;
  });
  const nowMs = new FakeClock().nowMs();
  tsdb.setMetadata({ metric: 'up', type: 'gauge', help: 'Whether it is.', unit: '' });
  tsdb.addExemplar(refs[0]!, { labels: LabelSet.of({ trace_id: 'x' }), value: 1, timestampMs: nowMs });
  for (let step = 0; step < 4; step++) {
    const timestampsMs = Float64Array.of(nowMs + step, nowMs + step + (step & 1));
    await tsdb.append({ count: 2, refs: Uint32Array.from(refs), timestampsMs, values: Float64Array.of(step, 0.1) });
  }
  const histogram = randomHistogram(seededRandom(1), seededRandom(2));
  for (const timestampMs of [nowMs, nowMs - 1])
    await tsdb.appendHistograms([{ ref: refs[2]!, timestampMs, histogram, startTimestampMs: 1 }]);
  const log = Buffer.from(files.bytes(SEGMENT));
  await tsdb.snapshot();
  return { log, snapshot: Buffer.from(files.bytes(SNAPSHOT)) };
}

/** With the checksums of each record as it then is, as far as records can be told. */
function sealed(input: Buffer): Buffer {
  const bytes = Buffer.from(input.subarray(0, input.length & ~7));
  for (let at = FILE_HEADER_BYTES; at + 16 <= bytes.length; ) {
    const bodyBytes = bytes.readUInt32LE(at);
    if (bodyBytes > bytes.length) break;
    const end = at + 16 + ((bodyBytes + 7) & ~7);
    if (end > bytes.length) break;
    sealFrame(bytes, at, bytes.readUInt32LE(at + 4), bodyBytes);
    if (readFrame(bytes, at).status !== 'record') throw new Error('a sealed record is not read');
    at = end;
  }
  return bytes;
}

/** Whatever was read can be queried, written as a snapshot and read again as the same.
 *  @param isForged chunks may hold anything: their streams are taken as they are, where the checksum says so */
async function recover(path: string, bytes: Buffer, isForged = false): Promise<void> {
  const files = new MemoryFiles({ [path]: bytes });
  const tsdb = databaseOver(files);
  try {
    const { damages } = await tsdb.start();
    for (const { fromByte, bytes: size } of damages)
      if (fromByte + size > Math.max(bytes.length, FILE_HEADER_BYTES))
        throw new Error('damage beyond the end of the file');
  } catch (error) {
    if (errorCode(error) === 'TSDB_VERSION') return;
    throw error;
  }
  const before = await readAll(tsdb, isForged);
  await tsdb.snapshot();
  const again = databaseOver(files);
  const { damages } = await again.start();
  if (damages.length > 0 && !isForged) throw new Error(`a snapshot of it is damaged: ${JSON.stringify(damages)}`);
  if ((await readAll(again, isForged)) !== before && !isForged) throw new Error('it is read otherwise the second time');
  await tsdb.close();
  await again.close();
}

async function readAll(tsdb: Tsdb, isForged: boolean): Promise<string> {
  const query = { matcherSets: [], range: ALL_TIME, limit: undefined };
  const { series } = await tsdb.querier.series(query, new AbortController().signal);
  const columns = new SampleColumns();
  const lines = series.map((one) => {
    columns.clear();
    one.read(ALL_TIME, columns);
    const times = columns.timestampsMs.subarray(0, columns.length);
    if (!isForged && times.some((time, at) => at > 0 && time <= times[at - 1]!))
      throw new Error('samples are not in order');
    return `${one.labels.key} ${times.join()} ${columns.valueWords.subarray(0, 2 * columns.length).join()}`;
  });
  return lines.sort().join('\n');
}

const { log, snapshot } = await samples();

export const tsdbTargets: readonly Target[] = [
  {
    name: 'segments of the time-series log',
    samples: [log, log.subarray(0, log.length - 9)],
    iterations: 256,
    async parse(input) {
      await recover(SEGMENT, input);
      await recover(SEGMENT, sealed(input));
    },
  },
  {
    name: 'snapshots of the time-series database',
    samples: [snapshot],
    iterations: 256,
    async parse(input) {
      await recover(SNAPSHOT, input);
      await recover(SNAPSHOT, sealed(input), true);
    },
  },
];
