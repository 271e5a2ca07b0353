import { FakeClock } from '@vigie/core/fake-clock';
import type { InstantResult } from '@vigie/promql/evaluate/result';
import { parseRuleFile } from '@vigie/rules/file/parse-rule-file';
import { describe, expect, it } from 'vitest';
import { BatchedQueries } from '../../src/rules/batched-queries.ts';

const { signal } = new AbortController();
const scalar = (value: number): InstantResult => ({ type: 'scalar', timestampMs: 0, value });

/** A server that answers each query with its number. */
function bed(
  knowsBatches = true,
  rules = '[{ alert: A, expr: "1" }, { alert: B, expr: "2" }, { alert: C, expr: "3" }]',
) {
  const asked: string[] = [];
  const clock = new FakeClock(0);
  const queries = new BatchedQueries(
    {
      instant: async ({ query, timestampMs }) => {
        const text = typeof query === 'string' ? query : query.text;
        asked.push(`${text} at ${timestampMs}`);
        return { result: scalar(Number(text)), warnings: [], infos: [], usage: undefined };
      },
      instantAll: async (all, timestampMs) => {
        asked.push(`[${all.join()}] at ${timestampMs}`);
        if (!knowsBatches) return undefined;
        return all.map((query) => (query === '3' ? new Error('three') : scalar(Number(query))));
      },
    },
    clock,
  );
  queries.use(parseRuleFile(`groups: [{ name: g, rules: ${rules} }]`, 'rules.yml'));
  const ask = async (text: string, timestampMs: number) =>
    (await queries.query(text, timestampMs, signal)).map(({ value }) => value);
  return { asked, clock, queries, ask };
}

describe('queries of rules', () => {
  it('are asked together, a group at a time', async () => {
    const { asked, ask } = bed();
    expect([await ask('1', 10), await ask('2', 10)]).toEqual([[1], [2]]);
    await expect(ask('3', 10)).rejects.toThrow('three');
    expect([await ask('1', 20), await ask('2', 20)]).toEqual([[1], [2]]);
    expect(asked).toEqual(['[1,2,3] at 10', '[1,2,3] at 20']);
  });

  it('are asked again by whoever asks a second time, and those of templates by themselves', async () => {
    const { asked, ask } = bed();
    await ask('1', 10);
    await ask('1', 10);
    await ask('7', 10);
    expect(asked).toEqual(['[1,2,3] at 10', '1 at 10', '7 at 10']);
  });

  it('are asked one by one of a server that knows no batches, which is tried again later', async () => {
    const { asked, ask, clock } = bed(false);
    for (const text of ['1', '2']) expect(await ask(text, 10)).toEqual([Number(text)]);
    await clock.advance(10 * 60_000);
    await ask('1', 20);
    expect(asked).toEqual(['[1,2,3] at 10', '1 at 10', '2 at 10', '[1,2,3] at 20', '1 at 20']);
  });

  it('are as they were where a group has one alone', async () => {
    const { asked, ask } = bed(true, '[{ alert: A, expr: "1" }, { alert: B, expr: "1" }]');
    await ask('1', 10);
    expect(asked).toEqual(['1 at 10']);
  });
});
