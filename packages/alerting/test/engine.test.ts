/** The engine over restarts, failures and clocks that jump. */
import { FakeClock } from '@vigie/core/fake-clock';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it } from 'vitest';
import { Lab, MINUTE, SECOND } from './lab.ts';
import { config, TIMERS } from './two-receivers.ts';

describe('a restart', () => {
  it('tells neither early nor late: group_wait goes on', async () => {
    const lab = await new Lab(config()).start();
    await lab.post({ alertname: 'A' });
    expect(await lab.after(30 * SECOND)).toEqual([]);
    await lab.crash(10 * SECOND);
    expect(await lab.after(19 * SECOND)).toEqual([]);
    expect(await lab.after(1 * SECOND)).toEqual(['1:00 a/webhook/0: first notification A']);
  });

  it('tells at once what was due while nobody was there', async () => {
    const lab = await new Lab(config()).start();
    await lab.post({ alertname: 'A' });
    await lab.crash(2 * MINUTE);
    expect(await lab.after(0)).toEqual(['2:00 a/webhook/0: first notification A']);
  });

  it('does not tell again what was told, and goes on with group_interval', async () => {
    const lab = await new Lab(config()).start();
    await lab.post({ alertname: 'A' });
    expect(await lab.after(MINUTE)).toHaveLength(1);
    await lab.crash(MINUTE);
    await lab.post({ alertname: 'B' });
    expect(await lab.after(4 * MINUTE - 1)).toEqual([]);
    expect(await lab.after(1)).toEqual(['6:00 a/webhook/0: new alerts added A B']);
    expect(await lab.after(13 * MINUTE)).toEqual([]);
    // 12 minutes after 6:00, at the next interval.
    expect(await lab.after(2 * MINUTE)).toEqual(['21:00 a/webhook/0: repeat interval elapsed A B']);
  });

  it('does not tell again of what was told as resolved', async () => {
    const lab = await new Lab(config()).start();
    await lab.post({ alertname: 'A' });
    await lab.post({ alertname: 'B' });
    await lab.after(MINUTE);
    await lab.resolve({ alertname: 'A' });
    expect(await lab.after(5 * MINUTE)).toEqual(['6:00 a/webhook/0: some alerts resolved -A B']);
    await lab.crash();
    expect(await lab.after(11 * MINUTE)).toEqual([]);
    await lab.resolve({ alertname: 'B' });
    expect(await lab.after(5 * MINUTE)).toEqual(['21:00 a/webhook/0: all alerts resolved -B']);
  });

  it('tells of the end of what fired before it', async () => {
    const lab = await new Lab(config()).start();
    await lab.post({ alertname: 'A' });
    await lab.after(MINUTE);
    await lab.resolve({ alertname: 'A' });
    await lab.crash(MINUTE);
    expect(await lab.after(4 * MINUTE)).toEqual(['6:00 a/webhook/0: all alerts resolved -A']);
  });

  it('takes nothing for over because nobody listened: who goes on telling of it has two minutes', async () => {
    const lab = await new Lab(config()).start();
    await lab.post({ alertname: 'A' }, { endsAtMs: 4 * MINUTE });
    await lab.post({ alertname: 'B' }, { endsAtMs: 4 * MINUTE });
    await lab.after(MINUTE);
    await lab.crash(10 * MINUTE);
    expect(await lab.after(MINUTE)).toEqual([]);
    await lab.post({ alertname: 'A' }, { startsAtMs: 0 });
    expect(await lab.after(4 * MINUTE)).toEqual(['16:00 a/webhook/0: some alerts resolved A -B']);
    expect(lab.arrived.at(-1)?.alerts.at(-1)?.annotations.toJSON()).toEqual({ vigie_resolve_reason: 'expired' });
  });

  it('keeps silences, and those that have ended', async () => {
    const lab = await new Lab(config()).start();
    await lab.silence('A', 30);
    const { id } = await lab.silence('B', 30);
    await lab.engine.expireSilence(id);
    await lab.crash(1);
    const { silences } = lab.engine.state;
    expect(silences.query({ states: ['active'] }).map((silence) => silence.id)).toEqual(['silence-0']);
    await lab.post({ alertname: 'A' });
    await lab.post({ alertname: 'B' });
    expect(await lab.after(MINUTE)).toEqual(['1:00 a/webhook/0: first notification B']);
    expect(silences.query()).toHaveLength(2);
  });

  it('tells again what was on its way: it arrives once at least', async () => {
    const lab = await new Lab(config()).start();
    lab.answer = () => new Promise(() => undefined);
    await lab.post({ alertname: 'A' });
    await lab.after(MINUTE);
    expect(lab.engine.state.outbox.size).toBe(1);
    await lab.crash(SECOND);
    expect(await lab.after(0)).toEqual(['1:01 a/webhook/0: first notification A']);
    expect(lab.engine.state.outbox.size).toBe(0);
    await lab.crash();
    expect(await lab.after(4 * MINUTE)).toEqual([]);
  });
});

describe('the end of an alert that a receiver was told of', () => {
  it('is owed for longer than resolved alerts are remembered: over a reload, a snapshot and a restart', async () => {
    const lab = await new Lab(config()).start();
    await lab.post({ alertname: 'A' });
    await lab.after(MINUTE);
    await lab.resolve({ alertname: 'A' });
    const down = () => ({ kind: 'failed', reason: '403' }) as const;
    lab.answer = down;
    await lab.after(40 * MINUTE);
    lab.apply(config(TIMERS, 'time_intervals: []\n'));
    await lab.after(20 * MINUTE);
    await lab.engine.stateLog?.snapshot(() => lab.engine.state.records());
    await lab.crash();
    // What was on its way is tried again at once.
    expect(await lab.after(5 * MINUTE)).toEqual(['61:00 a/webhook/0: all alerts resolved -A']);
    await lab.after(20 * MINUTE);
    expect([...lab.engine.state.alerts.all()]).toEqual([]);
  });
});

describe('what was to be told of an alert that is over before it could be', () => {
  it('is on its way no more, also over a restart: a dead man hears again that alerts get through', async () => {
    const lab = await new Lab(config()).start();
    lab.answer = () => ({ kind: 'failed', reason: '403' });
    await lab.post({ alertname: 'A' });
    await lab.after(MINUTE);
    expect(lab.engine.state.outbox.size).toBe(1);
    await lab.resolve({ alertname: 'A' });
    await lab.after(5 * MINUTE);
    expect(lab.engine.groups).toEqual([]);
    expect(lab.engine.state.outbox.size).toBe(0);
    await lab.crash();
    expect(lab.engine.state.outbox.size).toBe(0);
    expect(await lab.after(MINUTE)).toEqual([]);
  });
});

it('has the failures of a receiver that is down in the history every ten minutes, and not each', async () => {
  const lab = await new Lab(config()).start();
  lab.answer = () => ({ kind: 'retry', reason: '503', afterMs: undefined });
  await lab.post({ alertname: 'A' });
  await lab.after(121 * MINUTE);
  const failed = lab.history.filter(({ kind }) => kind === 'failed');
  expect(failed.length).toBeGreaterThanOrEqual(11);
  expect(failed.length).toBeLessThanOrEqual(13);
});

describe('what an integration keeps of a group', () => {
  it('is given to it with the next notifications, over a reload and a restart, until the group is told as the first again', async () => {
    const lab = await new Lab(config()).start();
    const given: unknown[] = [];
    let sent = 0;
    const answer: Lab['answer'] = (_id, _signal, { kept }) => {
      given.push(kept?.ts);
      return { kind: 'sent', kept: { ts: `message ${++sent}` } };
    };
    lab.answer = answer;
    await lab.post({ alertname: 'A' });
    await lab.after(MINUTE);
    lab.apply(config());
    await lab.post({ alertname: 'B' });
    await lab.after(5 * MINUTE);
    await lab.crash();
    lab.answer = answer;
    for (const alertname of ['A', 'B']) await lab.resolve({ alertname });
    await lab.after(5 * MINUTE);
    await lab.post({ alertname: 'A' });
    await lab.after(5 * MINUTE);
    expect(given).toEqual([undefined, 'message 1', 'message 2', undefined]);
  });
});

describe('an alert that somebody ends by hand', () => {
  it('is over, says so, and fires anew where it is told of again', async () => {
    const lab = await new Lab(config()).start();
    for (const alertname of ['A', 'B']) await lab.post({ alertname });
    await lab.after(MINUTE);
    const isA = (_group: unknown, { labels }: { readonly labels: { get(name: string): string } }): boolean =>
      labels.get('alertname') === 'A';
    const ended = await lab.engine.endAlerts(isA, { by: 'ann', comment: 'the host is scrapped' });
    expect(ended.map(({ labels }) => labels.get('alertname'))).toEqual(['A']);
    await lab.crash();
    expect(await lab.after(5 * MINUTE)).toEqual(['6:00 a/webhook/0: some alerts resolved -A B']);
    const over = lab.arrived.at(-1)?.alerts.find(({ labels }) => labels.get('alertname') === 'A');
    expect(over?.annotations.toJSON()).toEqual({ vigie_resolve_reason: 'manual' });
    expect(lab.history.filter(({ kind }) => kind === 'ended' || kind === 'resolved')).toMatchObject([
      { kind: 'ended', by: 'ann', cause: 'the host is scrapped', firing: [over?.fingerprint] },
      { kind: 'resolved', reason: 'manual' },
    ]);
    await lab.post({ alertname: 'A' }, { startsAtMs: 0 });
    expect(await lab.after(5 * MINUTE)).toEqual(['11:00 a/webhook/0: new alerts added A B']);
    expect(await lab.engine.endAlerts(() => false, { by: 'ann', comment: '' })).toEqual([]);
  });
});

describe('a clock that jumps', () => {
  it('back keeps no end from being taken: what comes now is newer than what came before', async () => {
    const lab = await new Lab(config(), {}, new FakeClock(120 * MINUTE)).start();
    const startsAtMs = 30 * MINUTE;
    await lab.post({ alertname: 'A' }, { startsAtMs, endsAtMs: 124 * MINUTE });
    await lab.after(MINUTE);
    const { nowMs } = lab.clock;
    lab.clock.nowMs = () => nowMs.call(lab.clock) - 60 * MINUTE;
    await lab.post({ alertname: 'A' }, { startsAtMs, endsAtMs: lab.clock.nowMs() });
    expect(lab.engine.state.alerts.get(lab.arrived[0]?.alerts[0]?.fingerprint ?? '')?.endsAtMs).toBe(lab.clock.nowMs());
    expect(await lab.after(5 * MINUTE)).toEqual([expect.stringContaining('all alerts resolved -A')]);
    expect(lab.arrived.at(-1)?.alerts[0]?.annotations.toJSON()).toEqual({ vigie_resolve_reason: 'recovered' });
  });

  it('forward ends what had its end in between, tells of it, and of what comes again', async () => {
    const lab = await new Lab(config()).start();
    await lab.post({ alertname: 'A' }, { endsAtMs: 4 * MINUTE });
    await lab.post({ alertname: 'B' });
    await lab.silence('C', 30);
    await lab.after(MINUTE);
    const { nowMs } = lab.clock;
    lab.clock.nowMs = () => nowMs.call(lab.clock) + 60 * MINUTE;
    await lab.post({ alertname: 'C' });
    // Timers run on: the flush of minute 6 is at 1:06.
    expect(await lab.after(5 * MINUTE)).toEqual(['66:00 a/webhook/0: new alerts added -A B C']);
    await lab.post({ alertname: 'A' });
    expect(await lab.after(5 * MINUTE)).toEqual(['71:00 a/webhook/0: new alerts added A B C']);
    expect(lab.engine.state.silences.query({ states: ['active'] })).toEqual([]);
    expect(lab.errors).toEqual([]);
  });

  it('back does not keep a repeat from being told', async () => {
    const lab = await new Lab(config()).start();
    await lab.post({ alertname: 'A' });
    await lab.after(MINUTE);
    const { nowMs } = lab.clock;
    lab.clock.nowMs = () => nowMs.call(lab.clock) - 60 * MINUTE;
    const told = await lab.after(5 * MINUTE);
    expect(told).toHaveLength(1);
    expect(told[0]).toContain('repeat interval elapsed A');
  });

  it('back over a restart makes no group wait for longer than its interval', async () => {
    const lab = await new Lab(config()).start();
    await lab.clock.advance(600 * MINUTE);
    await lab.post({ alertname: 'A' });
    const { nowMs } = lab.clock;
    lab.clock.nowMs = () => nowMs.call(lab.clock) - 500 * MINUTE;
    await lab.crash();
    expect(await lab.after(5 * MINUTE)).toHaveLength(1);
  });
});

describe('a full disk', () => {
  it('keeps nobody from being told, and is said to whoever posts', async () => {
    const lab = await new Lab(config()).start();
    lab.fs.freeBytes = 0;
    await expect(lab.post({ alertname: 'A' })).rejects.toMatchObject({ code: 'ALERTING_STATE_UNWRITABLE' });
    expect(await lab.after(MINUTE)).toEqual(['1:00 a/webhook/0: first notification A']);
    expect(lab.engine.stateLog?.hasGap).toBe(true);
    lab.fs.freeBytes = Number.POSITIVE_INFINITY;
    await lab.after(MINUTE);
    expect(lab.engine.stateLog?.hasGap).toBe(false);
    await lab.crash();
    expect(await lab.after(9 * MINUTE)).toEqual([]);
    expect([...lab.engine.state.alerts.all()]).toHaveLength(1);
  });
});

describe('too many alerts', () => {
  it('are not those that are over: they make room at once, unless somebody is to be told', async () => {
    const options = { engine: { limits: { alerts: 2, alertSize: 10_000 } } };
    const lab = await new Lab(config(), options).start();
    await lab.post({ alertname: 'A' });
    await lab.post({ alertname: 'B' });
    await lab.after(MINUTE);
    await lab.post({ alertname: 'A' }, { startsAtMs: 0, endsAtMs: MINUTE });
    await expect(lab.post({ alertname: 'C' })).rejects.toMatchObject({ code: 'ALERTS_TOO_MANY' });
    expect(await lab.after(5 * MINUTE)).toEqual(['6:00 a/webhook/0: some alerts resolved -A B']);
    await lab.post({ alertname: 'C' });
    expect(await lab.after(5 * MINUTE)).toEqual(['11:00 a/webhook/0: new alerts added B C']);
  });

  it('are refused, and the engine goes on', async () => {
    const options = { engine: { limits: { alerts: 2, alertSize: 10_000 } } };
    const lab = await new Lab(config(), options).start();
    await lab.post({ alertname: 'A' });
    await lab.post({ alertname: 'B' });
    await expect(lab.post({ alertname: 'C' })).rejects.toThrow(
      '1 of 1 alerts are not taken: there may be 2 alerts at a time (limits.alerts)',
    );
    expect(await lab.after(MINUTE)).toEqual(['1:00 a/webhook/0: first notification A B']);
  });
});

describe('repeat_on_time', () => {
  const options = { engine: { repeatOnTime: true } };

  it('tells of what goes on when repeat_interval is over, also behind a restart, and keeps group_interval for what is new', async () => {
    const lab = await new Lab(config(), options).start();
    await lab.post({ alertname: 'A' });
    expect(await lab.after(14 * MINUTE)).toEqual([
      '1:00 a/webhook/0: first notification A',
      '13:00 a/webhook/0: repeat interval elapsed A',
    ]);
    await lab.crash(MINUTE);
    await lab.post({ alertname: 'B' });
    expect(await lab.after(16 * MINUTE)).toEqual([
      '18:00 a/webhook/0: new alerts added A B',
      '30:00 a/webhook/0: repeat interval elapsed A B',
    ]);
  });

  it('repeats no less often than each group_interval would where nobody can be told', async () => {
    const lab = await new Lab(config(), options).start();
    await lab.post({ alertname: 'A' });
    await lab.after(MINUTE);
    lab.answer = () => ({ kind: 'failed', reason: '403' });
    await lab.after(13 * MINUTE);
    lab.answer = () => ({ kind: 'sent' });
    expect(await lab.after(5 * MINUTE)).toEqual(['18:00 a/webhook/0: repeat interval elapsed A']);
  });
});

describe('inhibition.hold', () => {
  const held = async (pending: readonly string[]) => {
    const inhibit = 'inhibit_rules: [{ source_matchers: [alertname="Node"], target_matchers: [alertname="Pod"] }]\n';
    const lab = await new Lab(config(TIMERS, inhibit), { engine: { inhibitionHoldMs: 3 * MINUTE } }).start();
    lab.pendingAlerts = pending.map((alertname) => LabelSet.of({ alertname }));
    await lab.post({ alertname: 'Pod' });
    return lab;
  };

  it('has an alert wait for a pending one that would inhibit it, and no longer than that', async () => {
    const lab = await held(['Node']);
    expect(await lab.after(3 * MINUTE - 1)).toEqual([]);
    expect(lab.history).toMatchObject([{ kind: 'created' }, { kind: 'grouped' }, { kind: 'muted', by: 'inhibition' }]);
    expect(await lab.after(1)).toEqual(['3:00 a/webhook/0: first notification Pod']);
    expect(await lab.after(9 * MINUTE)).toEqual([]);
  });

  it('lets it be inhibited where that one fires meanwhile', async () => {
    const lab = await held(['Node']);
    await lab.after(2 * MINUTE);
    lab.pendingAlerts = [];
    await lab.post({ alertname: 'Node' });
    expect(await lab.after(10 * MINUTE)).toEqual(['3:00 a/webhook/0: first notification Node']);
  });

  it('keeps nobody else waiting', async () => {
    const lab = await held(['Disk']);
    expect(await lab.after(MINUTE)).toEqual(['1:00 a/webhook/0: first notification Pod']);
  });
});
