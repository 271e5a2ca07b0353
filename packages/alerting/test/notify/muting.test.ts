/** What is left out of the flush of a group, and what the history says of it. */
import { describe, expect, it } from 'vitest';
import { HOOK, Lab, MINUTE } from '../lab.ts';
import { config } from './world.ts';

const INHIBIT = 'inhibit_rules: [{ source_matchers: [alertname="Node"], target_matchers: [alertname="Pod"] }]\n';
const NIGHT = `time_intervals:
  - name: night
    time_intervals: [{ times: [{ start_time: "00:00", end_time: "00:20" }] }]
`;

describe('a muted alert', () => {
  it('is left out while a silence holds, and told when it has ended', async () => {
    const lab = await new Lab(config()).start();
    await lab.silence('A', 7);
    await lab.post({ alertname: 'A' });
    await lab.post({ alertname: 'B' });
    expect(await lab.after(10 * MINUTE)).toEqual(['1:00 a/webhook/0: first notification B']);
    expect(await lab.after(MINUTE)).toEqual(['11:00 a/webhook/0: new alerts added A B']);
    expect(lab.counts.suppressed).toEqual({
      inhibition: 0,
      active_time_interval: 0,
      mute_time_interval: 0,
      silence: 2,
    });
  });

  it('is left out while another inhibits it', async () => {
    const lab = await new Lab(config(HOOK, INHIBIT)).start();
    await lab.post({ alertname: 'Pod' });
    await lab.post({ alertname: 'Node' });
    expect(await lab.after(MINUTE)).toEqual(['1:00 a/webhook/0: first notification Node']);
    await lab.resolve({ alertname: 'Node' });
    expect(await lab.after(5 * MINUTE)).toEqual(['6:00 a/webhook/0: new alerts added -Node Pod']);
  });

  it.each([
    ['routes: [{ mute_time_intervals: [night] }]', '21:00 a/webhook/0: first notification A', 'mute_time_interval'],
    ['routes: [{ active_time_intervals: [night] }]', '1:00 a/webhook/0: first notification A', undefined],
  ] as const)('waits for its time: %s', async (route, first, cause) => {
    const lab = await new Lab(config(HOOK, NIGHT, route)).start();
    await lab.post({ alertname: 'A' });
    expect(await lab.after(25 * MINUTE)).toEqual([first]);
    if (cause !== undefined) expect(lab.counts.suppressed[cause]).toBe(4);
  });
});

describe('the history', () => {
  it('has each alert that is muted once, with its cause, until another mutes it', async () => {
    const lab = await new Lab(config(HOOK, INHIBIT)).start();
    const { id } = await lab.silence('Pod', 12);
    await lab.post({ alertname: 'Pod' });
    await lab.after(7 * MINUTE);
    await lab.post({ alertname: 'Node' });
    await lab.after(20 * MINUTE);
    const muted = lab.history.filter(({ kind }) => kind === 'muted');
    expect(muted).toMatchObject([
      { receiver: 'a', by: 'silence', cause: id, timeMs: MINUTE },
      { receiver: 'a', by: 'inhibition', cause: expect.stringMatching(/^[0-9a-f]{16}$/), timeMs: 11 * MINUTE },
    ]);
  });

  it('has each attempt, with what went wrong', async () => {
    const lab = await new Lab(config()).start();
    let attempts = 0;
    lab.answer = () =>
      ++attempts === 1 ? { kind: 'retry', reason: 'it answers 500', afterMs: undefined } : { kind: 'sent' };
    await lab.post({ alertname: 'A' });
    await lab.after(2 * MINUTE);
    expect(lab.history).toMatchObject([
      { kind: 'created' },
      { kind: 'grouped' },
      { kind: 'failed', integration: 'a/webhook/0', attempt: 1, problem: 'it answers 500' },
      { kind: 'sent', groupKey: '{}:{}', attempt: 2, problem: '' },
    ]);
  });
});
