/** The log store of a scenario: which lines a question has, and which step a line is in. */
import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it } from 'vitest';
import type { InputLine } from '../../src/scenario/input-lines.ts';
import { ScenarioLogs } from '../../src/scenario/scenario-logs.ts';

const query = {
  kind: 'condition',
  condition: { kind: 'field', name: 'namespace', test: { kind: 'one_of', values: ['shop'] } },
} as const;

const line = (timeMs: number, pod: string, arrivesMs = timeMs): InputLine => ({
  timeMs,
  arrivesMs,
  message: `${pod} at ${timeMs}`,
  labels: LabelSet.of({ namespace: 'shop', pod, container: 'app' }),
});

const LINES = [line(0, 'a'), line(5, 'a', 25), line(10, 'a'), line(10, 'b'), line(19, 'a'), line(20, 'b')];

async function counted(type: 'loki' | 'elasticsearch', nowMs: number): Promise<Readonly<Record<string, number>>> {
  const logs = new ScenarioLogs(type, LINES, () => nowMs);
  const counts = await logs.counts({ query, by: ['pod'], fromMs: 0, toMs: 20, stepMs: 10 });
  return Object.fromEntries(counts.map(({ labels, startMs, count }) => [`${startMs} ${labels.get('pod')}`, count]));
}

describe('the lines of a scenario', () => {
  it('are in the step that begins with them, or in Loki in the one that ends with them', async () => {
    expect(await counted('elasticsearch', 30)).toEqual({ '0 a': 2, '10 a': 2, '10 b': 1 });
    expect(await counted('loki', 30)).toEqual({ '0 a': 2, '0 b': 1, '10 a': 1, '10 b': 1 });
  });

  it('are not there before they arrive', async () => {
    expect(await counted('elasticsearch', 24)).toEqual({ '0 a': 1, '10 a': 2, '10 b': 1 });
  });

  it('have a newest one of each group', async () => {
    const logs = new ScenarioLogs('elasticsearch', LINES, () => 30);
    const asked = { query, by: ['kubernetes.pod.name'], fromMs: 0, toMs: 20 };
    expect((await logs.newestLine({ ...asked, labels: LabelSet.of({ pod: 'a' }) }))?.message).toBe('a at 19');
    expect((await logs.newestLine({ ...asked, labels: LabelSet.of({ pod: 'b' }) }))?.message).toBe('b at 10');
    expect(await logs.newestLine({ ...asked, labels: LabelSet.of({ pod: 'c' }) })).toBeUndefined();
  });

  it('have the last ones of a pod, oldest first', async () => {
    const logs = new ScenarioLogs('loki', LINES, () => 30);
    const asked = { namespace: 'shop', pod: 'a', container: '', sinceMs: 0, untilMs: 19, limit: 2 };
    expect((await logs.lastLines(asked)).map(({ message }) => message)).toEqual(['a at 10', 'a at 19']);
    expect(await logs.lastLines({ ...asked, container: 'proxy' })).toEqual([]);
  });
});
