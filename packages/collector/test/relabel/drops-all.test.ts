import { type Random, seededRandom } from '@vigie/core/random';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it } from 'vitest';
import { dropsAll, relabel } from '../../src/relabel/relabel.ts';
import { rule, type WrittenRule } from './rules.ts';

const keepYes: WrittenRule = { action: 'keep', sourceLabels: ['known_scrape'], regex: 'true' };
const isKnown = (name: string): boolean => name.startsWith('known_');

describe('what the first rules drop whatever else there is', () => {
  it.each<[string, Record<string, string>, readonly WrittenRule[], boolean]>([
    ['without the label that is kept', {}, [keepYes], true],
    ['with another value of it', { known_scrape: 'false' }, [keepYes], true],
    ['with the value', { known_scrape: 'true' }, [keepYes], false],
    [
      'by the second of them',
      { known_scrape: 'true', known_phase: 'Failed' },
      [keepYes, { action: 'drop', sourceLabels: ['known_phase'], regex: 'Failed' }],
      true,
    ],
    [
      'by two labels together',
      { known_a: '1', known_b: '2' },
      [{ action: 'drop', sourceLabels: ['known_a', 'known_b'], regex: '1;2' }],
      true,
    ],
    ['not by a label that may be another', {}, [{ ...keepYes, sourceLabels: ['other'] }], false],
    [
      'not behind a rule that changes labels',
      {},
      [{ targetLabel: 'known_scrape', replacement: 'true' }, keepYes],
      false,
    ],
    ['not without a rule', {}, [], false],
  ])('%s', (_, labels, rules, expected) => {
    expect(dropsAll(labels, rules.map(rule), isKnown)).toBe(expected);
  });

  it.each(Array.from({ length: 30 }, (_, seed) => seed))('is dropped by the rules, seed %i', (seed) => {
    const random = seededRandom(seed);
    for (let round = 0; round < 100; round++) {
      const rules = Array.from({ length: 1 + Math.floor(random() * 4) }, () => rule(randomRule(random)));
      const known = randomLabels(random, 'known_');
      const isDropped = dropsAll(known, rules, isKnown);
      if (isDropped)
        for (let other = 0; other < 5; other++)
          expect(relabel(LabelSet.of({ ...randomLabels(random, ''), ...known }), rules)).toBeUndefined();
    }
  });
});

function randomRule(random: Random): WrittenRule {
  const name = () => pick(random, ['known_a', 'known_b', 'known_c', 'a', 'b']);
  const regex = pick(random, ['1', '2|', '.+', '', '1;2']);
  switch (Math.floor(random() * 5)) {
    case 0:
      return { action: 'drop', sourceLabels: [name(), name()], regex };
    case 1:
      return { action: 'keepequal', sourceLabels: [name()], targetLabel: name() };
    case 2:
      return { sourceLabels: [name()], targetLabel: name(), regex, replacement: '1' };
    default:
      return { action: 'keep', sourceLabels: [name()], regex };
  }
}

function randomLabels(random: Random, prefix: string): Record<string, string> {
  const names = ['a', 'b', 'c'].filter(() => random() < 0.7);
  return Object.fromEntries(names.map((name) => [`${prefix}${name}`, pick(random, ['1', '2', '3'])]));
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)]!;
}
