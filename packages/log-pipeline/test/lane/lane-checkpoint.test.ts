import { FakeClock } from '@vigie/core/fake-clock';
import { beforeEach, describe, expect, it } from 'vitest';
import type { CheckpointEntry } from '../../src/checkpoint/format.ts';
import { type CheckpointFs, CheckpointStore, type FlushOutcome } from '../../src/checkpoint/store.ts';
import { PartialBudget } from '../../src/framing/partials.ts';
import { type CheckpointKey, LaneCheckpoint } from '../../src/lane/lane-checkpoint.ts';
import { LogCursor } from '../../src/lane/log-cursor.ts';
import type { ContainerLog, Generation } from '../../src/tail/generation.ts';
import { containerLog, generationOf } from '../tail/generations.ts';

const INTERVAL_MS = 1_000;

describe('a lane keeps its checkpoint', () => {
  let clock: FakeClock;
  let log: ContainerLog;
  let generation: Generation;
  let cursor: LogCursor;
  let cursors: Map<ContainerLog, LogCursor>;
  let store: CheckpointStore<CheckpointKey>;
  let outcomes: FlushOutcome['status'][];
  let checkpoint: LaneCheckpoint;

  beforeEach(() => {
    clock = new FakeClock();
    log = containerLog();
    generation = generationOf(log, 'a', { live: true });
    log.generations.push(generation);
    cursor = new LogCursor(log, 1000, new PartialBudget(1000), [], 0);
    cursors = new Map([[log, cursor]]);
    store = new CheckpointStore('/data/lane.ckpt', { fs: NO_DISK, clock });
    outcomes = [];
    const reports = { checkpoint: ({ status }: FlushOutcome) => void outcomes.push(status) };
    checkpoint = new LaneCheckpoint(INTERVAL_MS, cursors, { store, clock, reports });
  });

  /** What it would tell the next lane. */
  const entries = (): readonly CheckpointEntry[] => store.handOver().entries;

  it('at the lowest byte that is not acknowledged', async () => {
    const progress = cursor.begin(generation, 0);
    const hold = progress.hold(0);
    progress.readOffset = 80;
    checkpoint.moved(progress);
    await checkpoint.flush();
    expect(entries()).toMatchObject([{ path: '/a/0.log', offset: 0, size: 100, done: false }]);
    checkpoint.release(hold);
    await checkpoint.flush();
    expect(entries()).toMatchObject([{ path: '/a/0.log', offset: 80, size: 100, done: false }]);
    expect(outcomes).toEqual(['written', 'written']);
  });

  it('from time to time, as long as something moves', async () => {
    let times = 0;
    checkpoint.start(() => ++times < 0);
    await clock.advance(INTERVAL_MS);
    expect([times, outcomes, clock.pendingTimers]).toEqual([1, [], 0]);
    checkpoint.moved(cursor.begin(generation, 10));
    await clock.advance(INTERVAL_MS);
    expect([times, outcomes]).toEqual([2, ['written']]);
    await clock.advance(INTERVAL_MS);
    expect([times, outcomes, clock.pendingTimers]).toEqual([3, ['written'], 0]);
    checkpoint.moved(cursor.begin(generation, 20));
    checkpoint.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('and as long as its owner has something else to do then', async () => {
    let left = 3;
    checkpoint.start(() => --left > 0);
    await clock.advance(10 * INTERVAL_MS);
    expect([left, clock.pendingTimers]).toEqual([0, 0]);
  });

  it('again and again while the disk does not take it', async () => {
    let isFull = true;
    const rename: CheckpointFs['rename'] = () =>
      isFull ? Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' })) : Promise.resolve();
    const reports = { checkpoint: ({ status }: FlushOutcome) => void outcomes.push(status) };
    store = new CheckpointStore('/data/lane.ckpt', { fs: { ...NO_DISK, rename }, clock });
    checkpoint = new LaneCheckpoint(INTERVAL_MS, cursors, { store, clock, reports });
    checkpoint.start(() => false);
    checkpoint.moved(cursor.begin(generation, 10));
    await clock.advance(2 * INTERVAL_MS);
    expect(outcomes).toEqual(['failed', 'failed']);
    isFull = false;
    await clock.advance(2 * INTERVAL_MS);
    expect([outcomes, clock.pendingTimers]).toEqual([['failed', 'failed', 'written'], 0]);
  });

  it('without generations that are gone and counted, or that nobody remembers', async () => {
    const progress = cursor.begin(generation, 10);
    checkpoint.moved(progress);
    await checkpoint.flush();
    log.generations = [];
    checkpoint.moved(progress);
    await checkpoint.flush();
    expect(entries()).toEqual([]);
    expect([...cursor.all]).toEqual([]);
  });

  it('of a log that is gone for good no longer', async () => {
    checkpoint.moved(cursor.begin(generation, 10));
    await checkpoint.flush();
    checkpoint.moved([...cursor.all][0]!);
    checkpoint.remove(cursor);
    cursors.delete(log);
    await checkpoint.flush();
    expect(entries()).toEqual([]);
  });

  it('with what an earlier process wrote of a file that was not found yet', async () => {
    const unclaimed = { log: '/b', path: '/b', dev: '1', ino: '2', head: undefined, offset: 5, size: 9, done: false };
    checkpoint.keep(unclaimed);
    await checkpoint.flush();
    expect(entries()).toEqual([unclaimed]);
    checkpoint.drop(unclaimed);
    expect(entries()).toEqual([]);
  });
});

/** A disk that takes everything and keeps nothing. */
const NO_DISK: CheckpointFs = {
  open: async () => ({
    write: async (_bytes, _offset, length) => ({ bytesWritten: length }),
    sync: async () => undefined,
    close: async () => undefined,
  }),
  readFile: async () => new Uint8Array(0),
  rename: async () => undefined,
  unlink: async () => undefined,
  readdir: async () => [],
  mkdir: async () => undefined,
};
