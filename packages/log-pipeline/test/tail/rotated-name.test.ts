import { describe, expect, it } from 'vitest';
import { parseRotatedName } from '../../src/tail/rotated-name.ts';

describe('parseRotatedName', () => {
  const cases: [string, string | undefined, boolean][] = [
    ['0.log.20261121-041219', '0.log', false],
    ['0.log.20261121-041219.gz', '0.log', true],
    ['0.log.20261121-041219.tmp', undefined, false],
    ['abc-json.log.1', 'abc-json.log', false],
    ['abc-json.log.2.gz', 'abc-json.log', true],
    ['app.log-20261121', 'app.log', false],
    ['app.log-20261121-1763700000.gz', 'app.log', true],
    ['0.log', undefined, false],
    ['1.log', undefined, false],
  ];
  it.each(cases)('%s', (name, base, gzip) => {
    const rotated = parseRotatedName(name);
    expect(rotated?.base).toBe(base);
    if (base !== undefined) expect(rotated?.gzip).toBe(gzip);
  });

  it('orders generations oldest first', () => {
    const order = (names: string[]): string[] =>
      names.sort((a, b) => ((parseRotatedName(a)?.order ?? '2') < (parseRotatedName(b)?.order ?? '2') ? -1 : 1));
    expect(order(['a.log', 'a.log.2', 'a.log.10.gz', 'a.log.1'])).toEqual([
      'a.log.10.gz',
      'a.log.2',
      'a.log.1',
      'a.log',
    ]);
    expect(order(['0.log', '0.log.20261121-041230', '0.log.20261121-041219.gz'])).toEqual([
      '0.log.20261121-041219.gz',
      '0.log.20261121-041230',
      '0.log',
    ]);
  });

  it('gives X and X.gz one place in the order', () => {
    expect(parseRotatedName('0.log.20261121-041219.gz')?.order).toBe(parseRotatedName('0.log.20261121-041219')?.order);
  });
});
