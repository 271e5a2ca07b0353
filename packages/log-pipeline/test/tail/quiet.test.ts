import { FakeClock } from '@vigie/core/fake-clock';
import { describe, expect, it } from 'vitest';
import { untilQuiet } from '../../src/tail/quiet.ts';

const QUIET_MS = 1000;

function bed() {
  const clock = new FakeClock();
  const file = { sizeBytes: 10 };
  /** What the disk has, and the catalog finds when it looks. */
  const disk = { sizeBytes: 10 };
  const catalog = {
    logs: new Map([['/a', { generations: [file] }]]),
    reconcile: async () => {
      file.sizeBytes = disk.sizeBytes;
    },
  };
  const taken = { records: 0 };
  const ending = new AbortController();
  const state = { isQuiet: false };
  const quiet = untilQuiet([catalog], () => taken.records, QUIET_MS, clock, ending.signal).then(() => {
    state.isQuiet = true;
  });
  return { clock, disk, taken, ending, quiet, state };
}

describe('quiet', () => {
  it('is when no file has grown for so long', async () => {
    const { clock, disk, state } = bed();
    await clock.advance(QUIET_MS - 200);
    disk.sizeBytes++;
    await clock.advance(QUIET_MS - 100);
    expect(state.isQuiet).toBe(false);
    await clock.advance(300);
    expect(state.isQuiet).toBe(true);
  });

  it('is not while something comes by other ways', async () => {
    const { clock, taken, state } = bed();
    await clock.advance(QUIET_MS - 200);
    taken.records++;
    await clock.advance(QUIET_MS - 100);
    expect(state.isQuiet).toBe(false);
    await clock.advance(300);
    expect(state.isQuiet).toBe(true);
  });

  it('is at once where nothing is to be waited for', async () => {
    const clock = new FakeClock();
    await untilQuiet([], () => 0, 0, clock, new AbortController().signal);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is not waited for when the signal aborts', async () => {
    const { ending, quiet } = bed();
    ending.abort(new Error('over'));
    await expect(quiet).rejects.toThrow('over');
  });
});
