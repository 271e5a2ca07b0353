import { FakeClock } from '@vigie/core/fake-clock';
import { describe, expect, it } from 'vitest';
import { untilQuiet } from '../../src/tail/quiet.ts';

const QUIET_MS = 1000;
const WITHIN_MS = 5000;

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
  const quiet = untilQuiet(
    [catalog],
    () => taken.records,
    { forMs: QUIET_MS, withinMs: WITHIN_MS },
    clock,
    ending.signal,
  );
  void quiet.then(
    (isQuiet) => {
      state.isQuiet = isQuiet;
    },
    () => undefined,
  );
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
    const quiet = untilQuiet([], () => 0, { forMs: 0, withinMs: 0 }, clock, new AbortController().signal);
    expect(await quiet).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is given up when somebody still writes after all that time', async () => {
    const { clock, disk, quiet } = bed();
    for (let passedMs = 0; passedMs < WITHIN_MS; passedMs += QUIET_MS / 2) {
      disk.sizeBytes++;
      await clock.advance(QUIET_MS / 2);
    }
    expect(await quiet).toBe(false);
  });

  it('is not waited for when the signal aborts', async () => {
    const { ending, quiet } = bed();
    ending.abort(new Error('over'));
    await expect(quiet).rejects.toThrow('over');
  });
});
