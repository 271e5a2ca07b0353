import { describe, expect, it } from 'vitest';
import { systemClock } from '../src/clock.ts';

describe('systemClock', () => {
  it('fires a timer after its delay, and not when cancelled', async () => {
    const fired: string[] = [];
    const startMs = systemClock.monotonicMs();
    systemClock.setTimer(1, () => fired.push('cancelled')).cancel();
    await new Promise<void>((resolve) => systemClock.setTimer(20, resolve));
    expect(systemClock.monotonicMs() - startMs).toBeGreaterThanOrEqual(19);
    expect(fired).toEqual([]);
  });

  it("rejects a sleep with the signal's reason, whether it aborted before or meanwhile", async () => {
    const reason = new Error('stop');
    await expect(systemClock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const sleeping = systemClock.sleep(60_000, controller.signal);
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
  });

  it('does not fire at once where the delay is longer than a Node timer can be', async () => {
    let fired = false;
    const timer = systemClock.setTimer(2 ** 40, () => {
      fired = true;
    });
    await systemClock.sleep(5);
    timer.cancel();
    expect(fired).toBe(false);
  });
});
