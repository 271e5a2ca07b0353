import { describe, expect, it } from 'vitest';
import { systemClock } from '../src/clock.ts';
import { FakeClock } from '../src/fake-clock.ts';
import { collectWhenIdle, type ProcessMemory } from '../src/idle-memory.ts';

const MB = 1024 * 1024;

class FakeMemory implements ProcessMemory {
  cpu = 0;
  heap = 20 * MB;
  live = 12 * MB;
  collections = 0;
  cpuMs = () => this.cpu;
  heldBytes = () => this.heap;
  collect = () => {
    this.collections++;
    this.heap = this.live;
    this.cpu += 20;
  };
}

function started() {
  const clock = new FakeClock();
  const memory = new FakeMemory();
  return { clock, memory, collecting: collectWhenIdle(clock, memory) };
}

describe('collectWhenIdle', () => {
  it('collects twice after the start, then no more while the heap stays as it is', async () => {
    const { clock, memory } = started();
    await clock.advance(3_000);
    expect(memory.collections).toBe(1);
    await clock.advance(3_000);
    expect(memory.collections).toBe(2);
    memory.heap += 3 * MB;
    await clock.advance(600_000);
    expect(memory.collections).toBe(2);
  });

  it('waits while the process works', async () => {
    const { clock, memory } = started();
    for (let second = 0; second < 30; second++) {
      memory.cpu += 100;
      await clock.advance(1_000);
    }
    expect(memory.collections).toBe(0);
    await clock.advance(3_000);
    expect(memory.collections).toBe(1);
  });

  it('collects again after the next burst', async () => {
    const { clock, memory } = started();
    await clock.advance(6_000);
    memory.heap = 30 * MB;
    memory.live = 14 * MB;
    await clock.advance(60_000);
    expect(memory.collections).toBe(4);
  });

  it('lets a large heap grow by an eighth before it looks through all of it', async () => {
    const { clock, memory } = started();
    memory.heap = 200 * MB;
    memory.live = 200 * MB;
    await clock.advance(6_000);
    memory.heap += 24 * MB;
    await clock.advance(600_000);
    expect(memory.collections).toBe(2);
    memory.heap += 1 * MB;
    await clock.advance(60_000);
    expect(memory.collections).toBe(4);
  });

  it('takes a hundredth of a core at most, of a process that makes garbage all the time', async () => {
    const clock = new FakeClock();
    const memory = new FakeMemory();
    let collectedMs = 0;
    let collectedAtMs = 0;
    memory.heldBytes = () => 30 * MB + (clock.monotonicMs() - collectedAtMs) * MB;
    memory.collect = () => {
      memory.collections++;
      collectedMs += 150;
      collectedAtMs = clock.monotonicMs();
    };
    const collecting = collectWhenIdle(
      {
        nowMs: () => clock.nowMs(),
        monotonicMs: () => clock.monotonicMs() + collectedMs,
        setTimer: (delayMs, fire) => clock.setTimer(delayMs, fire),
        sleep: (delayMs, signal) => clock.sleep(delayMs, signal),
      },
      memory,
    );
    await clock.advance(15 * 60_000);
    expect(memory.collections).toBeGreaterThan(45);
    expect(memory.collections).toBeLessThanOrEqual(60);
    collecting.cancel();
  });

  it('looks less often the longer there is nothing to do', async () => {
    const { clock, memory, collecting } = started();
    await clock.advance(6_000);
    let looks = 0;
    memory.cpuMs = () => looks++;
    await clock.advance(600_000);
    // Each look asks twice: 6, 12, 24 s after the one before, then every 48 s.
    expect(looks / 2).toBe(14);
    collecting.cancel();
  });

  it('ends', async () => {
    const { clock, memory, collecting } = started();
    await clock.advance(3_000);
    collecting.cancel();
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(60_000);
    expect(memory.collections).toBe(1);
  });

  it('has a collector in a process that was started without one', async () => {
    const clock = new FakeClock();
    const garbage = new WeakRef({});
    const collecting = collectWhenIdle(clock);
    // A WeakRef holds its target until the job in which it was made has ended.
    do {
      await systemClock.sleep(0);
      await clock.advance(3_000);
    } while (garbage.deref() !== undefined);
    collecting.cancel();
    expect(clock.pendingTimers).toBe(0);
  });
});
