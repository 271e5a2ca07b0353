import { seededRandom } from '@vigie/core/random';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { Matcher, type MatchOperator } from '@vigie/promql/labels/matcher';
import { describe, expect, it } from 'vitest';
import { Head } from '../../src/head/head.ts';
import { selectSlots } from '../../src/head/selection.ts';
import { intersect, SlotSet } from '../../src/head/slot-set.ts';
import { regexTest } from '../../src/head/value-test.ts';

const VALUES = ['', 'a', 'ab', 'abc', 'b', 'bc', 'a.b', 'é', 'api-1', 'api-2', 'x\ny', 'a|b'];
const PATTERNS = [
  '.*',
  '.+',
  '',
  'a',
  'a|b',
  'a|',
  'a.*',
  'a.+',
  '.*c',
  '.+c',
  '.*b.*',
  'api-.*',
  'api-[0-9]+',
  '(a|b)c?',
  'a\\.b',
  'x.y',
  'é',
  '[^a]+',
  'A|(?i)ABC',
  'a.b',
  'b?',
];

describe('selection', () => {
  it.each([1, 2, 3, 4, 5, 6])('finds what going through all series finds, seed %i', (seed) => {
    const random = seededRandom(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const head = new Head({ coldAfterMs: 1 }, { nowMs: () => 0 });
    const live = new Map<number, LabelSet>();
    for (let round = 0; round < 60; round++) {
      for (let made = 0; made < 20; made++) {
        const labels = LabelSet.of({ x: pick(VALUES), y: pick(VALUES), z: pick(VALUES), n: String(made % 7) });
        const ref = head.getOrCreate(labels);
        if (typeof ref === 'string') throw new Error(ref);
        expect(live.get(ref)?.key ?? labels.key).toBe(labels.key);
        live.set(ref, labels);
      }
      if (round % 10 === 9) removeSome(head, live, random);
      const operators: readonly MatchOperator[] = ['=', '!=', '=~', '!~'];
      const matchers = Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
        const operator = pick(operators);
        return new Matcher(
          pick(['x', 'y', 'z', 'none']),
          operator,
          operator.includes('~') ? pick(PATTERNS) : pick(VALUES),
        );
      });
      const found = [...selectSlots(head, matchers)].map((slot) => head.table.refOf(slot));
      const expected = [...live].filter(([, labels]) =>
        matchers.every((matcher) => matcher.matches(labels.get(matcher.name))),
      );
      const shown = matchers.map(({ name, operator, value }) => `${name}${operator}${JSON.stringify(value)}`).join();
      expect(found.sort(), shown).toEqual(expected.map(([ref]) => ref).sort());
    }
  });

  it.each(PATTERNS)('%s matches the same values as its matcher does', (pattern) => {
    const matcher = new Matcher('x', '=~', pattern);
    const matches = regexTest(matcher);
    for (const value of [...VALUES, 'long '.repeat(4_000)]) expect(matches(value), value).toBe(matcher.matches(value));
  });

  it('of sets of slots is that of arrays', () => {
    const random = seededRandom(9);
    for (let round = 0; round < 300; round++) {
      const some = (share: number): number[] =>
        Array.from({ length: 300 }, (_, slot) => slot).filter(() => random() < share);
      const a = some(random());
      const b = some(random() < 0.5 ? 0.02 : random());
      const set = new SlotSet(300);
      set.add(Int32Array.from(a));
      expect([...set.toArray()]).toEqual(a);
      expect([...set.filter(Int32Array.from(b), true)]).toEqual(b.filter((slot) => a.includes(slot)));
      expect([...set.filter(Int32Array.from(b), false)]).toEqual(b.filter((slot) => !a.includes(slot)));
      expect([...intersect(Int32Array.from(a), Int32Array.from(b))]).toEqual(a.filter((slot) => b.includes(slot)));
    }
  });
});

/** Half of them get a sample that keeps them, one far ahead; the others have none and go. */
function removeSome(head: Head, live: Map<number, LabelSet>, random: () => number): void {
  const kept = [...live.keys()].filter(() => random() < 0.5);
  const atMs = Math.max(0, head.newestMs) + 10;
  head.append({
    count: kept.length,
    refs: Uint32Array.from(kept),
    timestampsMs: new Float64Array(kept.length).fill(atMs),
    values: new Float64Array(kept.length),
  });
  head.maintain(0, 1e9);
  for (const ref of live.keys()) if (head.table.resolve(ref) < 0) live.delete(ref);
}
