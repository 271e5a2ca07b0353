import { describe, expect, it } from 'vitest';
import { KernelRest } from '../../src/lane/kernel-rest.ts';
import { Slot } from '../../src/lane/slot.ts';
import { twinKernel } from '../kernel/kernels.ts';

const MB = 1024 * 1024;

function rested() {
  const kernel = twinKernel();
  const slots = [new Slot(0, MB, MB, MB), new Slot(MB, 2 * MB, 2 * MB, MB)] as const;
  const rest = new KernelRest(kernel);
  const send = (slot: Slot, bytes: number, nowMs: number) => {
    slot.bytes = bytes;
    rest.used(slot, nowMs);
  };
  return { kernel, slots, rest, send };
}

describe("giving a kernel's memory back", () => {
  it('is not worth it after small requests, however many', () => {
    const { kernel, slots, rest, send } = rested();
    for (let n = 0; n < 1000; n++) send(slots[n % 2]!, 100_000, n);
    expect(rest.dueMs).toBeUndefined();
    rest.renewIfDue(1e9);
    expect(kernel.renewals).toBe(0);
  });

  it('is due two seconds after the last request of a burst', () => {
    const { kernel, slots, rest, send } = rested();
    send(slots[0], 0.6 * MB, 1_000);
    send(slots[1], 0.6 * MB, 5_000);
    send(slots[1], 100, 6_000);
    expect(rest.dueMs).toBe(8_000);
    rest.renewIfDue(7_999);
    expect(kernel.renewals).toBe(0);
    rest.renewIfDue(8_000);
    expect(kernel.renewals).toBe(1);
    expect(rest.dueMs).toBeUndefined();
  });

  it('comes once a minute at most', () => {
    const { kernel, slots, rest, send } = rested();
    send(slots[0], MB, 0);
    rest.renewIfDue(2_000);
    send(slots[0], MB, 4_000);
    expect(rest.dueMs).toBe(62_000);
    rest.renewIfDue(61_999);
    expect(kernel.renewals).toBe(1);
    send(slots[0], MB, 61_000);
    expect(rest.dueMs).toBe(63_000);
    rest.renewIfDue(63_000);
    expect(kernel.renewals).toBe(2);
  });
});
