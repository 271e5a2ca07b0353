import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FLAG_DROPPED } from '../../src/kernel/layout.ts';
import { Dedupe } from '../../src/transforms/dedupe.ts';
import { cri, LaneBed } from './harness.ts';

const CONFIG = {
  key: '{{ message }}',
  window: 60_000,
  count_field: 'log.repeats',
  max_keys: 100,
  max_bytes: 1 << 20,
  exclude: undefined,
};

describe('records that a transform keeps back', () => {
  let bed: LaneBed;
  beforeEach(() => {
    bed = new LaneBed();
  });
  afterEach(async () => {
    await bed.stop();
    expect(bed.faults).toEqual([]);
    bed.remove();
  });

  /** Lines that arrived, and those that they stand for. */
  function lines(): number {
    return bed.received.reduce((sum, record) => sum + Number(Reflect.get(record, 'log.repeats') ?? 1), 0);
  }

  it('arrive once nothing more will be read, and the ledger adds up', async () => {
    bed.transforms = [new Dedupe(CONFIG)];
    bed.append(bed.logPath(), 'a', 'b', 'a', 'a', 'c', 'b');
    const lane = await bed.start({ once: true });
    await bed.until(() => lane.isIdle);
    expect(bed.messages.slice(0, 3)).toEqual(['a', 'b', 'c']);
    expect(bed.messages.slice(3).sort()).toEqual(['a', 'b']);
    expect(lines()).toBe(6);
    const { ledger } = lane;
    expect([ledger.inFlightBytes, ledger.ackedRecords]).toEqual([0, 5]);
    expect(ledger.droppedRecords.get('deduped')).toBe(1);
    const dropped = ledger.droppedBytes.get('deduped') ?? 0;
    expect(ledger.readBytes).toBe(ledger.ackedBytes + dropped);
  });

  it('arrive when their window is over, while the agent runs', async () => {
    bed.transforms = [new Dedupe({ ...CONFIG, window: 30 })];
    bed.append(bed.logPath(), 'a', 'a', 'a');
    const lane = await bed.start();
    await bed.until(() => bed.received.length === 2);
    expect(lines()).toBe(3);
    await bed.until(() => lane.isIdle && lane.ledger.inFlightBytes === 0);
  });

  it('are read again after a stop or a kill, so that no number is lost', async () => {
    for (const end of ['stop', 'kill'] as const) {
      bed.received.length = 0;
      const log = bed.logPath('app', end === 'stop' ? 0 : 1);
      const first = end === 'stop' ? 'a' : 'b';
      bed.transforms = [new Dedupe(CONFIG)];
      bed.append(log, first);
      const lane = await bed.start();
      await bed.until(() => bed.received.length === 1);
      await lane.flushCheckpoint();
      bed.append(log, first, first, first, 'other');
      await bed.until(() => bed.messages.includes('other'));
      await lane.flushCheckpoint();
      if (end === 'stop') await bed.stop();
      else await bed.kill();
      bed.transforms = [new Dedupe(CONFIG)];
      const again = await bed.start({ once: true });
      await bed.until(() => again.isIdle);
      await bed.stop();
      const unlike = bed.received.filter(({ message }) => message === 'other').length;
      // What lay between came twice, as after any crash; the repeats were counted once.
      expect([lines() - unlike, unlike]).toEqual([4, 2]);
    }
  });

  it('make room for others when there are too many', async () => {
    bed.transforms = [new Dedupe({ ...CONFIG, max_keys: 2 })];
    bed.append(bed.logPath(), 'a', 'a', 'b', 'b', 'c', 'c', 'a');
    await bed.start();
    await bed.until(() => bed.received.length >= 6);
    // `a` made way for `c`, and began anew in place of `b`.
    expect(bed.messages).toEqual(['a', 'b', 'c', 'a', 'a', 'b']);
  });

  it('make room when they take too much memory', async () => {
    const long = 'x'.repeat(3000);
    bed.transforms = [new Dedupe({ ...CONFIG, max_bytes: 4096 })];
    bed.append(bed.logPath(), `${long}1`, `${long}1`, `${long}2`, `${long}2`);
    await bed.start();
    await bed.until(() => bed.received.length === 3);
    expect(bed.messages).toEqual([`${long}1`, `${long}2`, `${long}1`]);
  });

  it('have come to the transforms behind, with their members and their stream', async () => {
    const { observer, seen } = recording();
    bed.transforms = [new Dedupe(CONFIG), observer];
    bed.appendRaw(bed.logPath(), cri('a', 'stderr'), cri('a', 'stderr'), cri('a', 'stderr'));
    const lane = await bed.start({ once: true });
    await bed.until(() => lane.isIdle);
    expect(seen).toEqual(['', '"log.repeats":2']);
    expect(bed.received.map(({ stream }) => stream)).toEqual(['stderr', 'stderr']);
  });
});

/** Sees the members of each record. */
function recording() {
  const seen: string[] = [];
  return {
    seen,
    observer: {
      type: 'recording',
      apply({ table, kernel, rowCount }: Parameters<Dedupe['apply']>[0]) {
        for (let row = 0; row < rowCount; row++) {
          if ((table.flags(row) & FLAG_DROPPED) !== 0) continue;
          const start = table.extraStart(row);
          seen.push(kernel.memory.toString('utf8', start, start + table.extraLength(row)));
        }
      },
    },
  };
}
