/** Silences beyond their two times, in an engine. */
import { describe, expect, it } from 'vitest';
import { Lab, MINUTE } from '../lab.ts';

const config =
  "receivers: [{ name: a, webhook_configs: [{ url: 'http://localhost/' }] }]\nroute: { receiver: a, group_wait: 1m, group_interval: 5m, repeat_interval: 1h }\n";

const WEEK_MINUTES = 7 * 24 * 60;

const statesOf = (lab: Lab) => {
  const { silences } = lab.engine.state;
  return (['active', 'pending', 'expired'] as const).map((state) => silences.query({ states: [state] }).length);
};

describe('a silence until what it silences is over', () => {
  it('ends when nothing of it has fired for five minutes, and what comes then is told', async () => {
    const lab = await new Lab(config).start();
    await lab.post({ alertname: 'A' });
    await lab.silence('A', WEEK_MINUTES, { vigie_until: 'resolved' });
    await lab.after(60 * MINUTE);
    expect(statesOf(lab)).toEqual([1, 0, 0]);
    await lab.resolve({ alertname: 'A' });
    await lab.after(4 * MINUTE);
    // It was away for a moment only.
    await lab.post({ alertname: 'A' });
    await lab.after(10 * MINUTE);
    expect(statesOf(lab)).toEqual([1, 0, 0]);
    await lab.resolve({ alertname: 'A' });
    expect(await lab.after(6 * MINUTE)).toEqual([]);
    expect(statesOf(lab)).toEqual([0, 0, 1]);
    expect(lab.history.filter((event) => 'silence' in event)).toMatchObject([
      { kind: 'silenced', timeMs: 0, matchers: '{alertname="A"}', by: 'me' },
      { kind: 'unsilenced', cause: 'what it silences is over', timeMs: 79 * MINUTE, endsAtMs: 79 * MINUTE },
    ]);
    await lab.crash();
    expect(statesOf(lab)).toEqual([0, 0, 1]);
    await lab.post({ alertname: 'A' });
    expect(await lab.after(5 * MINUTE)).toEqual([expect.stringContaining('first notification A')]);
  });

  it('goes on over a restart, and while nothing is known of what fires', async () => {
    const lab = await new Lab(config).start();
    await lab.post({ alertname: 'A' }, { endsAtMs: 4 * MINUTE });
    await lab.silence('A', WEEK_MINUTES, { vigie_until: 'resolved' });
    await lab.after(MINUTE);
    await lab.crash(60 * MINUTE);
    await lab.after(4 * MINUTE);
    expect(statesOf(lab)).toEqual([1, 0, 0]);
  });

  it('leaves others alone', async () => {
    const lab = await new Lab(config).start();
    await lab.silence('A', WEEK_MINUTES, { ticket: '1' });
    await lab.after(60 * MINUTE);
    expect(statesOf(lab)).toEqual([1, 0, 0]);
  });
});

describe('a silence that recurs', () => {
  it('silences in its times alone, and is pending between them', async () => {
    // The clock begins on a Thursday at 00:00 UTC.
    const lab = await new Lab(config).start();
    await lab.silence('A', WEEK_MINUTES, { vigie_recurs: 'thursday:friday 00:00-01:00' });
    await lab.post({ alertname: 'A' }, { endsAtMs: 48 * 60 * MINUTE });
    expect(await lab.after(60 * MINUTE - 1)).toEqual([]);
    expect(statesOf(lab)).toEqual([1, 0, 0]);
    expect(await lab.after(5 * MINUTE)).toEqual(['61:00 a/webhook/0: first notification A']);
    expect(statesOf(lab)).toEqual([0, 1, 0]);
    expect(await lab.after(22 * 60 * MINUTE)).toHaveLength(20);
    // The one that was due at 1491:00 waits for the end of the next night.
    expect(await lab.after(2 * 60 * MINUTE)).toEqual([
      '1426:00 a/webhook/0: repeat interval elapsed A',
      '1501:00 a/webhook/0: repeat interval elapsed A',
    ]);
    const [one] = lab.engine.state.silences.query();
    await lab.engine.expireSilence(one?.id ?? '');
    await lab.after(1);
    expect(statesOf(lab)).toEqual([0, 0, 1]);
  });

  it.each([
    [{ vigie_recurs: 'someday' }, /^invalid silence: annotation vigie_recurs: someday: expected days/],
    [{ vigie_until: 'tomorrow' }, /^invalid silence: annotation vigie_until: expected resolved, got tomorrow$/],
  ])('is refused where nobody knows what is meant: %j', async (annotations, problem) => {
    const lab = await new Lab(config).start();
    await expect(lab.silence('A', WEEK_MINUTES, annotations)).rejects.toThrow(problem);
  });
});
