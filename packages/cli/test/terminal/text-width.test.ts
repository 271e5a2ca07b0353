import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitText, padText, printable, textWidth } from '../../src/terminal/text-width.ts';

describe('printable', () => {
  const cases: readonly [string, string, string][] = [
    ['drops colours', '\x1b[31mred\x1b[0m', 'red'],
    ['drops cursor movements and titles', 'a\x1b[2J\x1b[H\x1b]0;owned\x07b', 'ab'],
    ['shows other control characters as a dot', 'a\rb\x00c\x85', 'a·b·c·'],
    ['keeps text from being reordered', 'user\u202egnp.exe', 'user·gnp.exe'],
    ['widens tabs', '\tat x', '  at x'],
    ['leaves letters of any script', 'état 状态 готово', 'état 状态 готово'],
  ];
  it.each(cases)('%s', (_title, text, expected) => {
    expect(printable(text)).toBe(expected);
  });
});

describe('textWidth', () => {
  const cases: readonly [string, string, number][] = [
    ['letters take one cell', 'état', 4],
    ['ideographs take two', '状态', 4],
    ['combining marks take none', 'e\u0301', 1],
    ['emoji take two', '🚀', 2],
  ];
  it.each(cases)('%s', (_title, text, width) => {
    expect(textWidth(text)).toBe(width);
  });
});

describe('fitText', () => {
  const cases: readonly [string, number, string][] = [
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['状态好', 5, '状态…'],
    ['状态好', 4, '状…'],
    ['abc', 1, '…'],
    ['abc', 0, ''],
    ['', 0, ''],
  ];
  it.each(cases)('%s in %i cells is %s', (text, cells, expected) => {
    expect(fitText(text, cells)).toBe(expected);
  });

  it('never takes more cells than given, and padText takes them all', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(40), (text, cells) => {
        expect(textWidth(fitText(printable(text), cells))).toBeLessThanOrEqual(cells);
        expect(textWidth(padText(printable(text), cells))).toBe(cells);
      }),
      { seed: 7 },
    );
  });
});
