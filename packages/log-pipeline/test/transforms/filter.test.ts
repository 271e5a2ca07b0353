import { describe, expect, it } from 'vitest';
import { FLAG_DROPPED, FLAG_FRAGMENT, FLAG_STDERR } from '../../src/kernel/layout.ts';
import { Filter } from '../../src/transforms/filter.ts';
import { twinKernel } from '../kernel/kernels.ts';
import { factsOf } from '../sinks/facts.ts';
import { contextOf } from './context.ts';
import { batchOf, Counts, messagesOf } from './harness.ts';

describe('Filter', () => {
  it('drops what does not meet its condition, and counts it', () => {
    const batch = batchOf(twinKernel(), ['keep me', 'not me', 'keep this']);
    const counts = new Counts();
    new Filter({ condition: { fields: { message: { re: '^keep' } } } }).apply(batch, counts.context);
    expect(messagesOf(batch)).toEqual(['keep me', 'keep this']);
    expect(counts.dropped).toEqual({ filtered: [1, 'not me\n'.length] });
  });

  it('tells streams apart', () => {
    const batch = batchOf(twinKernel(), ['out', 'err', 'out']);
    batch.table.setFlags(1, FLAG_STDERR);
    new Filter({ condition: { fields: { stream: 'stderr' } } }).apply(batch, new Counts().context);
    expect(messagesOf(batch)).toEqual(['err']);
  });

  it('leaves fragments and what is dropped already', () => {
    const batch = batchOf(twinKernel(), ['a', 'b']);
    batch.table.setFlags(0, FLAG_FRAGMENT);
    batch.table.setFlags(1, FLAG_DROPPED);
    const counts = new Counts();
    new Filter({ condition: { fields: { message: 'x' } } }).apply(batch, counts.context);
    expect([batch.table.flags(0), batch.table.flags(1)]).toEqual([FLAG_FRAGMENT, FLAG_DROPPED]);
    expect(counts.dropped).toEqual({});
  });

  it('drops whole batches of a container', () => {
    const batch = batchOf(twinKernel(), ['a', 'b']);
    const filter = new Filter({ condition: { fields: { 'kubernetes.namespace': 'shop' } } });
    filter.apply(batch, contextOf());
    expect(messagesOf(batch)).toEqual(['a', 'b']);
    filter.apply(batch, contextOf({ facts: factsOf({ namespace: 'other' }) }));
    expect(messagesOf(batch)).toEqual([]);
  });
});
