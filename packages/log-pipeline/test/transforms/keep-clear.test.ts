import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { KeepClear } from '../../src/transforms/keep-clear.ts';
import { KERNELS } from '../kernel/kernels.ts';
import { batchOf, Counts, extraOf } from './harness.ts';

const PATHS = ['body', 'k8s', 'log.file', 'service'];

/** The row's members afterwards; they stand in the input, as if a parser had pointed there. */
function cleared(kernel: Kernel, members: string): string {
  const batch = batchOf(kernel, [members]);
  const { table } = batch;
  table.setExtra(0, table.messageStart(0), table.messageLength(0));
  const counts = new Counts();
  new KeepClear(PATHS, 'fields').apply(batch, counts.context);
  expect(counts.kept).toEqual({});
  return extraOf(batch, 0);
}

describe.each(KERNELS)('keeping clear, %s', (_kind, create) => {
  it.each([
    ['"user":"u1","n":1', '"user":"u1","n":1'],
    ['"body":"b","user":"u1"', '"user":"u1","fields":{"body":"b"}'],
    ['"service.name":"cart","k8s":{"pod":1}', '"fields":{"service.name":"cart","k8s":{"pod":1}}'],
    ['"log":{"level":"info"}', '"fields":{"log":{"level":"info"}}'],
    ['"log.level":"info"', '"log.level":"info"'],
    ['"fields":{"a":1}', '"fields":{"fields":{"a":1}}'],
    ['"services":1', '"services":1'],
  ])('%s', (members, expected) => {
    expect(cleared(create(), members)).toBe(expected);
  });

  it('leaves what is nested too deep, and tells', () => {
    const kernel = create();
    const members = `"a":${'['.repeat(70)}${']'.repeat(70)}`;
    const batch = batchOf(kernel, [members]);
    batch.table.setExtra(0, batch.table.messageStart(0), batch.table.messageLength(0));
    const counts = new Counts();
    new KeepClear(PATHS, 'fields').apply(batch, counts.context);
    expect(extraOf(batch, 0)).toBe(members);
    expect(counts.kept).toEqual({ too_deep: 1 });
  });

  it('loses no member, and leaves none in the way', () => {
    const name = fc.oneof(fc.constantFrom('body', 'k8s.x', 'service', 'log', 'user', 'fields'), fc.string());
    const kernel = create();
    fc.assert(
      fc.property(fc.dictionary(name, fc.jsonValue(), { minKeys: 1 }), (object) => {
        const after: Record<string, unknown> = JSON.parse(`{${cleared(kernel, JSON.stringify(object).slice(1, -1))}}`);
        const { fields, ...rest } = after;
        expect({ ...rest, ...(fields as object | undefined) }).toEqual(JSON.parse(JSON.stringify(object)));
        expect(
          Object.keys(rest).filter((key) => PATHS.some((path) => key === path || key.startsWith(`${path}.`))),
        ).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
