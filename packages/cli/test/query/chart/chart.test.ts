import { describe, expect, it } from 'vitest';
import { type ChartLine, chartRows, lineStyles } from '../../../src/query/chart/chart.ts';
import type { QueryRange } from '../../../src/query/request.ts';
import { paint, plain } from '../../../src/terminal/style.ts';
import { textWidth } from '../../../src/terminal/text-width.ts';
import { AT_MS } from '../answers.ts';

const STEP_MS = 10_000;
const SIZE = { columns: 50, rows: 8 };

/** A value each step; undefined leaves one out. */
function line(values: readonly (number | undefined)[]): ChartLine {
  return {
    points: values.flatMap((value, step) =>
      value === undefined ? [] : [{ timestampMs: AT_MS + step * STEP_MS, value }],
    ),
  };
}

function rangeOf(steps: number): QueryRange {
  return { startMs: AT_MS, endMs: AT_MS + (steps - 1) * STEP_MS, stepMs: STEP_MS };
}

const values = (count: number, value: (step: number) => number): number[] =>
  Array.from({ length: count }, (_, n) => value(n));
const sine = line(values(61, (step) => 500 + 500 * Math.sin(step / 8)));
const ramp = line(values(61, (step) => step * 10));

const chart = (lines: readonly ChartLine[], steps = 61, size = SIZE): readonly string[] =>
  chartRows(lines, lineStyles(lines.length, false), rangeOf(steps), size, plain);

describe('chartRows', () => {
  it('draws one line in dots, values beside it, times below', () => {
    expect(chart([sine])).toEqual([
      '1.0k ┤     ⢀⠤⠔⠉⠉⠑⠒⠤⡀                            ⣀⠔',
      '     │   ⢠⠔⠁       ⠈⠢⡀                        ⡰⠊',
      '     │  ⡔⠁           ⠑⢄                     ⡠⠊',
      '     │⢠⠊               ⠑⡄                  ⡜',
      '0.5k ┤⠁                 ⠈⢢               ⢠⠊',
      '     │                    ⠑⡄           ⢀⠔⠁',
      '     │                     ⠈⠱⡀       ⢀⠔⠁',
      '   0 ┤                       ⠈⠑⠤⣀⣀⣀⠤⠔⠁',
      '     └┬─────────────────────┬────────────────────┬',
      ' UTC  10:00:00          10:05:00          10:10:00',
    ]);
  });

  it('draws several with a mark each where there are no colours', () => {
    expect(chart([sine, ramp])).toEqual([
      '1.0k ┤      ******                              **',
      '     │    ***     ***                         ***',
      '     │  **           **                     **',
      '     │ *              ***                  +++++++',
      '0.5k ┤*                  *      +++++++++++',
      '     │                ++++++++++       **',
      '     │      ++++++++++      ***      **',
      '   0 ┤++++++                  *******',
      '     └┬─────────────────────┬────────────────────┬',
      ' UTC  10:00:00          10:05:00          10:10:00',
    ]);
  });

  it('leaves gaps where samples are missing, and where a value is no number', () => {
    const gaps = values(61, (step) => (step > 20 && step < 30 ? Number.NaN : 1));
    const [top] = chart([line(gaps.map((value, step) => (step > 40 && step < 50 ? undefined : value)))]);
    expect(top).toBe('1.0 ┤⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠁      ⠈⠉⠉⠉⠉⠉⠉⠉       ⠉⠉⠉⠉⠉⠉⠉⠉');
  });

  it('tells days apart in a long range', () => {
    const range = { startMs: AT_MS, endMs: AT_MS + 3 * 86_400_000, stepMs: 86_400_000 };
    const points = [1, 2, 3, 4].map((value, day) => ({ timestampMs: AT_MS + day * 86_400_000, value }));
    const rows = chartRows([{ points }], lineStyles(1, false), range, SIZE, plain);
    expect(rows.at(-1)).toBe('UTC  11-29 10:00                       12-02 10:00');
  });

  it('colours lines, and nothing else but the axes', () => {
    const lines = [line([0, 0]), line([1, 1])];
    expect(chartRows(lines, lineStyles(2, true), rangeOf(2), { columns: 20, rows: 2 }, paint)).toEqual([
      '\u001b[2m  1 ┤\u001b[0m\u001b[33m⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉\u001b[0m',
      '\u001b[2m  0 ┤\u001b[0m\u001b[36m⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀\u001b[0m',
      '\u001b[2m    └┬───────────────\u001b[0m',
      '\u001b[2mUTC  10:00:00\u001b[0m',
    ]);
  });

  it('has no picture of what is nowhere finite', () => {
    expect(chart([])).toEqual([]);
    expect(chart([line([Number.NaN, Number.POSITIVE_INFINITY])], 2)).toEqual([]);
  });

  it('draws what is finite beside what is not', () => {
    expect(chart([line([1, Number.NEGATIVE_INFINITY, 1])], 3).join('\n')).toMatch(/[⠁-⣿]/);
  });

  it('keeps to its width, whatever that is and whatever it shows', () => {
    for (const lines of [[sine], [sine, ramp], [line([1e-12])], [line([-1e300, 1e300])]]) {
      for (let columns = 40; columns < 130; columns++) {
        for (const row of chart(lines, 61, { columns, rows: 6 })) expect(textWidth(row)).toBeLessThanOrEqual(columns);
      }
    }
  });

  it('shows an instant in the middle', () => {
    expect(chartRows([line([3])], lineStyles(1, false), rangeOf(1), { columns: 30, rows: 2 }, plain)).toEqual([
      '  5 ┤            ⢀',
      '  0 ┤',
      '    └────────────┬────────────',
      'UTC          10:00:00',
    ]);
  });
});

it('has a style for eight lines, and none for more', () => {
  expect(lineStyles(20, true)).toHaveLength(8);
  expect(new Set(lineStyles(8, false).map(({ mark }) => mark)).size).toBe(8);
  expect(lineStyles(1, false)).toEqual([{ colour: undefined, mark: '' }]);
});
