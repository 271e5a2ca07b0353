import { describe, expect, it } from 'vitest';
import { Sample } from '../../src/transforms/sample.ts';
import { twinKernel } from '../kernel/kernels.ts';
import { factsOf } from '../sinks/facts.ts';
import { contextOf } from './context.ts';
import { batchOf, Counts, messagesOf, setExtra } from './harness.ts';

const MESSAGES = Array.from({ length: 1000 }, (_, index) => String(index));

function sampled(config: ConstructorParameters<typeof Sample>[0], path: string): string[] {
  const batch = batchOf(twinKernel(), MESSAGES);
  for (const row of MESSAGES.keys()) batch.table.setOffset(row, row * 137);
  new Sample(config).apply(batch, contextOf({ facts: factsOf({ path }) }));
  return messagesOf(batch);
}

describe('Sample', () => {
  it('lets about the asked share pass, and of the same records always the same', () => {
    const passed = sampled({ rate: 10 }, '/a');
    expect(passed.length).toBeGreaterThan(60);
    expect(passed.length).toBeLessThan(140);
    expect(sampled({ rate: 10 }, '/a')).toEqual(passed);
    expect(sampled({ ratio: 0.1 }, '/a')).toEqual(passed);
    expect(sampled({ rate: 10 }, '/b')).not.toEqual(passed);
    expect(sampled({ ratio: 1 }, '/a')).toEqual(MESSAGES);
    const more = sampled({ ratio: 0.5 }, '/a');
    expect(passed.every((message) => more.includes(message))).toBe(true);
  });

  it('keeps records of one key together', () => {
    const batch = batchOf(twinKernel(), MESSAGES.slice(0, 300));
    for (let row = 0; row < 300; row++) setExtra(batch, row, `"id":${row % 30}`);
    new Sample({ rate: 3, key: '{{ id }}' }).apply(batch, contextOf());
    const counts = new Map<number, number>();
    for (const message of messagesOf(batch)) {
      const id = Number(message) % 30;
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    expect([...counts.values()].every((count) => count === 10)).toBe(true);
    expect(counts.size).toBeGreaterThan(3);
    expect(counts.size).toBeLessThan(20);
  });

  it('lets pass what it is told to, and counts the rest', () => {
    const batch = batchOf(twinKernel(), MESSAGES);
    const counts = new Counts();
    new Sample({ rate: 1_000_000_000, exclude: { fields: { message: ['7', '8'] } } }).apply(batch, counts.context);
    expect(messagesOf(batch)).toEqual(['7', '8']);
    expect(counts.dropped.sampled?.[0]).toBe(998);
  });
});
