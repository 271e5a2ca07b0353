import { describe, expect, it } from 'vitest';
import type { Batch } from '../../src/batch/batch.ts';
import { FLAG_FRAGMENT } from '../../src/kernel/layout.ts';
import { Route } from '../../src/transforms/route.ts';
import type { Transform } from '../../src/transforms/transform.ts';
import { OnWays, Ways } from '../../src/transforms/ways.ts';
import { twinKernel } from '../kernel/kernels.ts';
import { contextOf } from './context.ts';
import { batchOf, Counts, extraOf, messagesOf, setExtra } from './harness.ts';

const ROUTE = {
  a: { fields: { message: { re: 'a' } } },
  b: { fields: { message: { re: 'b' } } },
  c: { fields: { message: { re: 'c' } } },
};

/** Writes its name into what it is shown. */
function marking(name: string): Transform {
  return {
    type: 'mark',
    apply(batch: Batch) {
      for (let row = 0; row < batch.rowCount; row++) {
        if (batch.table.flags(row) === 0) setExtra(batch, row, `${extraOf(batch, row)}${name}`);
      }
    },
  };
}

function ways(names: readonly string[]): { name: string; way: number }[] {
  return names.map((name, index) => ({ name, way: index + 1 }));
}

describe('Route', () => {
  const cases: [leading: string[], arriving: string[]][] = [
    [['a'], ['a', 'ab', 'ac']],
    [
      ['a', 'b'],
      ['a', 'ab', 'ac', 'b'],
    ],
    [['_unmatched'], ['x']],
    [
      ['b', '_unmatched'],
      ['ab', 'b', 'x'],
    ],
    [
      ['a', 'b', 'c', '_unmatched'],
      ['a', 'ab', 'ac', 'b', 'c', 'x'],
    ],
  ];
  it.each(cases)('lets pass what takes one of the outputs %j', (leading, arriving) => {
    const batch = batchOf(twinKernel(), ['a', 'ab', 'ac', 'b', 'c', 'x']);
    const counts = new Counts();
    new Route({ route: ROUTE }, ways(leading), new Ways(), undefined).apply(batch, counts.context);
    expect(messagesOf(batch)).toEqual(arriving);
    const missing = ['a', 'ab', 'ac', 'b', 'c', 'x'].filter((message) => !arriving.includes(message));
    const rawBytes = missing.reduce((sum, { length }) => sum + length + 1, 0);
    expect(counts.dropped).toEqual(missing.length === 0 ? {} : { not_routed: [missing.length, rawBytes] });
  });

  it('gives a record to the first output of several', () => {
    const batch = batchOf(twinKernel(), ['ab', 'b']);
    const column = new Ways();
    new Route({ route: ROUTE }, ways(['a', 'b']), column, undefined).apply(batch, contextOf());
    expect([column.at(0), column.at(1)]).toEqual([1, 2]);
  });

  it('leaves fragments where they are', () => {
    const batch = batchOf(twinKernel(), ['x']);
    batch.table.setFlags(0, FLAG_FRAGMENT);
    new Route({ route: ROUTE }, ways(['a']), new Ways(), undefined).apply(batch, contextOf());
    expect(batch.table.flags(0)).toBe(FLAG_FRAGMENT);
  });
});

describe('OnWays', () => {
  it('shows a transform the records that come by its inputs, and one route what another let through', () => {
    const batch = batchOf(twinKernel(), ['a', 'b', 'bc', 'c', 'x']);
    const column = new Ways();
    const steps = [
      new Route({ route: ROUTE }, ways(['a', 'b', '_unmatched']), column, undefined),
      new OnWays(marking('1'), column, [1], 4),
      new Route({ route: ROUTE }, [{ name: 'c', way: 5 }], column, [2]),
      new OnWays(marking('2'), column, [4, 5], 6),
    ];
    for (const step of steps) step.apply(batch, contextOf());
    expect(messagesOf(batch)).toEqual(['a', 'bc', 'x']);
    expect([0, 2, 4].map((row) => extraOf(batch, row))).toEqual(['12', '2', '']);
  });

  it('forgets where the rows of the last batch were', () => {
    const column = new Ways();
    const route = new Route({ route: ROUTE }, ways(['a']), column, undefined);
    const seen = new OnWays(marking('!'), column, [1], 2);
    for (const messages of [
      ['a', 'a', 'a'],
      ['x', 'a'],
    ]) {
      const batch = batchOf(twinKernel(), messages);
      for (const step of [route, seen]) step.apply(batch, contextOf());
      expect(messages.map((_, row) => extraOf(batch, row))).toEqual(messages.map((text) => (text === 'a' ? '!' : '')));
    }
  });
});
