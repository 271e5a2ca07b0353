import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it } from 'vitest';
import type { LogFollower, LogRecord } from '../../src/wal/follow.ts';
import { MemoryFiles } from '../memory-files.ts';
import { randomHistogram } from '../random-histogram.ts';
import { type Bed, bed, FOLDER, rows, seriesRef } from '../tsdb-bed.ts';

const { signal } = new AbortController();
const T = Date.UTC(2026, 0, 1);

/** Records as plain values, as many as there are. */
async function readAll(follower: LogFollower): Promise<unknown[]> {
  const read: unknown[] = [];
  while (!follower.isAtEnd) {
    const next = await soon(follower);
    if (next === undefined) break;
    read.push(plain(next));
  }
  return read;
}

/** The next record if it is there already. */
async function soon(follower: LogFollower): Promise<LogRecord | undefined> {
  const waiting = new AbortController();
  const next = follower.next(waiting.signal).catch(() => undefined);
  const idle = (async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    return undefined;
  })();
  const first = await Promise.race([next, idle]);
  waiting.abort();
  return first ?? (await next);
}

function plain(record: LogRecord): unknown {
  switch (record.kind) {
    case 'series':
      return record.series.map(({ labels }) => labels.get('__name__'));
    case 'floats':
      return [...record.columns.values.subarray(0, record.columns.count)];
    case 'histograms':
      return record.samples.map(({ histogram }) => histogram.count);
    case 'exemplar':
      return record.exemplar.value;
    case 'metadata':
      return record.metadata.help;
  }
}

async function append(one: Bed, name: string, values: readonly number[], fromMs = T): Promise<number> {
  const ref = seriesRef(one.tsdb, { __name__: name });
  for (const [index, value] of values.entries())
    await one.tsdb.append(rows([ref], fromMs + index * 1_000, () => value));
  return ref;
}

describe('following the log', () => {
  it('gives what the head takes, in its order', async () => {
    const one = bed();
    await one.tsdb.start();
    const follower = one.tsdb.follow(undefined);
    const ref = await append(one, 'a', [1, 2]);
    const histogram = randomHistogram(
      () => 0.5,
      () => 0.5,
    );
    const native = seriesRef(one.tsdb, { __name__: 'h' });
    await one.tsdb.appendHistograms([{ ref: native, timestampMs: T, histogram, startTimestampMs: 0 }]);
    one.tsdb.addExemplar(ref, { labels: LabelSet.of({ trace: 't' }), value: 7, timestampMs: T });
    one.tsdb.setMetadata({ metric: 'a', type: 'gauge', help: 'An a.', unit: '' });
    await one.tsdb.commit();
    expect(await readAll(follower)).toEqual([['a'], ['a'], [1], [2], ['h'], ['h'], [histogram.count], 7, 'An a.']);
    await one.tsdb.close();
  });

  it('waits for the next record, and ends with the signal', async () => {
    const one = bed();
    await one.tsdb.start();
    const follower = one.tsdb.follow(undefined);
    const next = follower.next(signal);
    await append(one, 'a', [1]);
    expect((await next).kind).toBe('series');
    const ending = new AbortController();
    await readAll(follower);
    const never = follower.next(ending.signal);
    ending.abort(new Error('enough'));
    await expect(never).rejects.toThrow('enough');
    await one.tsdb.close();
  });

  it('goes on from a position after a restart, and knows the labels of series that were declared before it', async () => {
    const files = new MemoryFiles();
    const first = bed(files);
    await first.tsdb.start();
    const before = first.tsdb.follow(undefined);
    const ref = await append(first, 'a', [1]);
    await readAll(before);
    const { position } = before;
    await append(first, 'a', [2], T + 5_000);
    await first.tsdb.snapshot();
    await append(first, 'a', [3], T + 10_000);
    // Killed: nothing is closed.
    const second = bed(files);
    await second.tsdb.start();
    const after = second.tsdb.follow(position);
    expect(await readAll(after)).toEqual([[2], [3]]);
    expect(after.labelsOf(ref)?.get('__name__')).toBe('a');
    await append(second, 'a', [4], T + 15_000);
    expect(await readAll(after)).toEqual([[4]]);
    await second.tsdb.close();
  });

  it('keeps segments from a snapshot until they are let go', async () => {
    const one = bed();
    await one.tsdb.start();
    const follower = one.tsdb.follow(undefined);
    await append(one, 'a', [1]);
    await one.tsdb.snapshot();
    await append(one, 'a', [2], T + 5_000);
    await one.tsdb.snapshot();
    const segments = (): number => one.files.names(FOLDER).filter((name) => name.endsWith('.wal')).length;
    expect(segments()).toBe(2);
    expect(await readAll(follower)).toEqual([['a'], ['a'], [1], [2]]);
    follower.keepFrom(follower.position.segment);
    await append(one, 'a', [3], T + 10_000);
    await one.tsdb.snapshot();
    expect(segments()).toBe(1);
    await follower.close();
    await append(one, 'a', [4], T + 15_000);
    await one.tsdb.snapshot();
    expect(segments()).toBe(0);
    await one.tsdb.close();
  });

  it('counts the samples of segments that go because the log has grown to its bound', async () => {
    const one = bed(new MemoryFiles(), {}, undefined, 200);
    await one.tsdb.start();
    const follower = one.tsdb.follow(undefined);
    for (let at = 0; at < 4; at++) {
      await append(one, 'a', [at, at + 0.5], T + at * 10_000);
      await one.tsdb.snapshot();
    }
    const read = await readAll(follower);
    expect(follower.counts.lostSamples).toBeGreaterThan(0);
    expect(read.flat().filter((value) => typeof value === 'number').length + follower.counts.lostSamples).toBe(8);
    expect(read.at(-1)).toEqual([3.5]);
    await one.tsdb.close();
  });

  it('passes over what is damaged', async () => {
    const one = bed();
    await one.tsdb.start();
    const follower = one.tsdb.follow(undefined);
    await append(one, 'a', [1, 2, 3]);
    await one.tsdb.close();
    const [name] = one.files.names(FOLDER).filter((file) => file.endsWith('.wal'));
    const bytes = one.files.bytes(`${FOLDER}/${name}`);
    // The value of the second sample, in the record before the last.
    bytes[bytes.indexOf(Buffer.from(new Float64Array([2]).buffer)) + 7]! ^= 1;
    expect(await readAll(follower)).toEqual([['a'], ['a'], [1], [3]]);
    expect(follower.counts.damagedBytes).toBeGreaterThan(0);
  });

  it('begins with all there is where the position is of another database', async () => {
    const one = bed();
    await one.tsdb.start();
    await append(one, 'a', [1]);
    const follower = one.tsdb.follow({ segment: 99, byte: 16 });
    expect(await readAll(follower)).toEqual([['a'], ['a'], [1]]);
    await one.tsdb.close();
  });
});
