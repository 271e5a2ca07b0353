import { describe, expect, it } from 'vitest';
import { valueScale } from '../../../src/query/chart/scale.ts';

describe('valueScale', () => {
  const cases: readonly [string, number, number, readonly string[]][] = [
    ['begins at 0 where values are not far from it', 3, 9.7, ['0', '5', '10']],
    ['shows a small change of a large value', 80_200_000, 81_900_000, ['80M', '81M', '82M']],
    ['knows negative values', -0.4, 0.35, ['-0.5', '0', '0.5']],
    ['ends at 0 where all are below and near it', -8, -1, ['-10', '-5', '0']],
    ['has room around a value that stays', 1, 1, ['0', '0.5', '1.0']],
    ['has room around 0', 0, 0, ['0', '0.5', '1.0']],
    ['has room below a negative value that stays', -3, -3, ['-3', '-2', '-1', '0']],
    ['writes what is small or large with an exponent', 0, 4e-7, ['0', '2e-7', '4e-7']],
  ];
  it.each(cases)('%s', (_title, least, most, labels) => {
    expect(valueScale(least, most, 3).ticks.map(({ label }) => label)).toEqual(labels);
  });

  it('holds every value between its ends, with few ticks, whatever they are', () => {
    const values = [0, 1e-300, 1e-9, 0.1, 1, 999, 1000, 123_456, 1e15, 1e300, Number.MAX_VALUE];
    for (const a of values) {
      for (const b of values) {
        for (const [least, most] of [
          [Math.min(a, b), Math.max(a, b)],
          [-Math.max(a, b), -Math.min(a, b)],
          [-a, b],
        ] as const) {
          const { from, to, ticks } = valueScale(least, most, 3);
          const bound = Number.MAX_VALUE / 8;
          const tolerance = (to - from) / 1e6;
          expect(from - tolerance).toBeLessThanOrEqual(Math.max(-bound, least));
          expect(to + tolerance).toBeGreaterThanOrEqual(Math.min(bound, most));
          expect(to).toBeGreaterThan(from);
          expect(ticks.length).toBeGreaterThanOrEqual(2);
          expect(ticks.length).toBeLessThanOrEqual(8);
        }
      }
    }
  });
});
