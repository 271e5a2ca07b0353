import { LabelSet } from '@vigie/promql/labels/label-set';
import { Matcher } from '@vigie/promql/labels/matcher';
import { describe, expect, it } from 'vitest';
import { Head } from '../../src/head/head.ts';
import { HeadQuerier } from '../../src/head-querier.ts';

const MINUTE_MS = 60_000;
const { signal } = new AbortController();
const HINTS = { stepMs: 0, func: '', rangeMs: 0, grouping: [], by: false };

function bed() {
  const head = new Head({ retentionMs: 60 * MINUTE_MS, coldAfterMs: MINUTE_MS }, { nowMs: () => 1e12 });
  const querier = new HeadQuerier(head);
  const append = (labels: Readonly<Record<string, string>>, timestampMs: number): void => {
    const ref = head.getOrCreate(LabelSet.of(labels));
    if (typeof ref === 'string') throw new Error(ref);
    head.append({
      count: 1,
      refs: Uint32Array.of(ref),
      timestampsMs: Float64Array.of(timestampMs),
      values: Float64Array.of(1),
    });
  };
  const select = async (matchers: readonly Matcher[], fromMs: number, toMs: number) =>
    (await querier.select({ matchers, range: { fromMs, toMs }, hints: HINTS }, signal)).series;
  return { head, append, select };
}

const ups = [new Matcher('__name__', '=', 'up'), new Matcher('pod', '!=', 'p1')];
const podsOf = (series: readonly { readonly labels: LabelSet }[]): readonly string[] =>
  series.map(({ labels }) => labels.get('pod'));

describe('a selection', () => {
  it('is the same array until a series with its name comes or goes', async () => {
    const { head, append, select } = bed();
    for (let pod = 0; pod < 8; pod++) append({ __name__: 'up', pod: `p${pod}` }, MINUTE_MS);
    const first = await select(ups, 0, MINUTE_MS);
    expect(podsOf(first)).toEqual(['p0', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7']);
    append({ __name__: 'down', pod: 'p9' }, MINUTE_MS);
    expect(await select(ups, 0, MINUTE_MS)).toBe(first);
    append({ __name__: 'up', pod: 'p8' }, MINUTE_MS);
    expect(podsOf(await select(ups, 0, MINUTE_MS))).toEqual([...podsOf(first), 'p8']);
    // All but one are beyond retention, and removed.
    append({ __name__: 'up', pod: 'p8' }, 70 * MINUTE_MS);
    head.maintain(0, 100);
    expect(podsOf(await select(ups, 0, 70 * MINUTE_MS))).toEqual(['p8']);
  });

  it('leaves out what has no samples in the range, once that is more than a quarter', async () => {
    const { append, select } = bed();
    for (let pod = 0; pod < 10; pod++) append({ __name__: 'up', pod: `p${pod}` }, pod < 5 ? MINUTE_MS : 9 * MINUTE_MS);
    expect(await select(ups, 0, 9 * MINUTE_MS)).toHaveLength(9);
    expect(podsOf(await select(ups, 8 * MINUTE_MS, 9 * MINUTE_MS))).toEqual(['p5', 'p6', 'p7', 'p8', 'p9']);
  });

  it('of more selectors than are remembered is right all the same', async () => {
    const { append, select } = bed();
    for (let pod = 0; pod < 600; pod++)
      for (const zone of ['a', 'b']) append({ __name__: 'up', pod: `p${pod}`, zone }, 1);
    for (let round = 0; round < 2; round++) {
      for (let pod = 0; pod < 600; pod++)
        expect(podsOf(await select([new Matcher('pod', '=', `p${pod}`)], 0, 1))).toEqual([`p${pod}`, `p${pod}`]);
    }
  });
});
