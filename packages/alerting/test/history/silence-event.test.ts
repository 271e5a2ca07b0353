import { describe, expect, it } from 'vitest';
import { heardSilenceEvent } from '../../src/history/silence-event.ts';
import { AlertMatcher } from '../../src/matchers/alert-matcher.ts';
import { Lab, MINUTE } from '../lab.ts';
import { config } from '../two-receivers.ts';

async function withSilence() {
  const lab = await new Lab(config()).start();
  const { id, ...content } = await lab.silence('A', 60);
  lab.history.length = 0;
  await lab.after(MINUTE);
  return { lab, id, content };
}

describe('the history of a silence that is changed', () => {
  it('has its end, and another that begins, where the change makes another of it', async () => {
    const { lab, id, content } = await withSilence();
    const other = await lab.silence('B', 60);
    lab.history.length = 0;
    const next = await lab.engine.setSilence({ ...content, matcherSets: other.matcherSets }, id);
    expect(next.id).not.toBe(id);
    const cause = `${next.id} is in its place`;
    expect(lab.history).toMatchObject([
      { kind: 'unsilenced', timeMs: MINUTE, silence: id, matchers: '{alertname="A"}', cause, endsAtMs: MINUTE },
      { kind: 'silenced', timeMs: MINUTE, silence: next.id, matchers: '{alertname="B"}' },
    ]);
  });

  it('has the change alone where it stays the same', async () => {
    const { lab, id, content } = await withSilence();
    await lab.engine.setSilence({ ...content, comment: 'longer' }, id);
    expect(lab.history).toMatchObject([{ kind: 'silenced', silence: id, cause: 'longer', isChange: true }]);
  });

  it('has no second end of one that had ended', async () => {
    const { lab, id, content } = await withSilence();
    await lab.engine.expireSilence(id);
    await lab.engine.expireSilence(id);
    await lab.engine.setSilence({ ...content, endsAtMs: 90 * MINUTE }, id);
    expect(lab.history.map(({ kind }) => kind)).toEqual(['unsilenced', 'silenced']);
  });
});

describe('a silence of which another replica tells', () => {
  const silence = {
    ...{
      id: 's',
      matcherSets: [[new AlertMatcher('a', '=', 'b')]],
      createdBy: 'ann',
      comment: 'work',
      annotations: {},
    },
    ...{ startsAtMs: 10, endsAtMs: 100, updatedAtMs: 10 },
  };
  const ended = { ...silence, endsAtMs: 30, updatedAtMs: 30 };

  it.each([
    ['is new', undefined, silence, { kind: 'silenced', timeMs: 10, cause: 'work' }],
    ['is changed', silence, { ...silence, endsAtMs: 200, updatedAtMs: 20 }, { kind: 'silenced', isChange: true }],
    ['is ended', silence, ended, { kind: 'unsilenced', timeMs: 30, cause: 'it was ended at another replica' }],
    ['had ended, and is told again', ended, ended, undefined],
    ['had ended before it was heard of', undefined, ended, undefined],
    ['had its time, and is told again', undefined, { ...silence, endsAtMs: 39 }, undefined],
  ])('that %s', (_, before, heard, event) => {
    const found = heardSilenceEvent(before, heard, 40);
    if (event === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject(event);
  });
});
