/** The engine over restarts, reloads, failures and clocks that jump. */
import { describe, expect, it } from 'vitest';
import { AlertMatcher } from '../src/matchers/alert-matcher.ts';
import { Lab, MINUTE, SECOND } from './lab.ts';

const TIMERS = 'group_wait: 1m\n  group_interval: 5m\n  repeat_interval: 12m';
const HOOK = "webhook_configs: [{ url: 'http://localhost/' }]";

const config = (route = TIMERS, rest = ''): string =>
  `receivers: [{ name: a, ${HOOK} }, { name: b, ${HOOK} }]\nroute:\n  receiver: a\n  ${route}\n${rest}`;

const silenceOf = (lab: Lab, name: string, minutes: number) =>
  lab.engine.setSilence({
    matcherSets: [[new AlertMatcher('alertname', '=', name)]],
    startsAtMs: lab.clock.nowMs(),
    endsAtMs: lab.clock.nowMs() + minutes * MINUTE,
    createdBy: 'me',
    comment: '',
    annotations: {},
  });

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
    await silenceOf(lab, 'A', 30);
    const { id } = await silenceOf(lab, 'B', 30);
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

describe('a reload', () => {
  it('leaves groups alone that wait', async () => {
    const lab = await new Lab(config()).start();
    await lab.post({ alertname: 'A' });
    expect(await lab.after(30 * SECOND)).toEqual([]);
    lab.apply(config(TIMERS, 'time_intervals: []\n'));
    expect(await lab.after(29 * SECOND)).toEqual([]);
    await lab.post({ alertname: 'B' });
    expect(await lab.after(SECOND)).toEqual(['1:00 a/webhook/0: first notification A B']);
    lab.apply(config());
    expect(await lab.after(9 * MINUTE)).toEqual([]);
  });

  it('tells a new receiver of what fires at the next interval', async () => {
    const lab = await new Lab(config()).start();
    await lab.post({ alertname: 'A' });
    await lab.after(MINUTE);
    lab.apply(config().replace('receiver: a', 'receiver: b'));
    expect(await lab.after(5 * MINUTE)).toEqual(['6:00 b/webhook/0: first notification A']);
  });

  it('groups anew what goes elsewhere now, and ends groups that are no more', async () => {
    const lab = await new Lab(config()).start();
    await lab.post({ alertname: 'A' });
    await lab.post({ alertname: 'B' });
    await lab.after(MINUTE);
    lab.apply(config(`${TIMERS}\n  routes: [{ receiver: b, matchers: [alertname="B"] }]`));
    expect(await lab.after(MINUTE)).toEqual(['2:00 b/webhook/0: first notification B']);
    expect(lab.engine.groups.map(({ key }) => key)).toEqual(['{}:{}', '{}/{alertname="B"}:{}']);
    expect(lab.engine.state.timers.size).toBe(2);
    lab.apply(config());
    expect(lab.engine.groups).toHaveLength(1);
    expect(lab.engine.state.timers.size).toBe(1);
  });

  it('while a group is told lets it end', async () => {
    const lab = await new Lab(config()).start();
    let arrive: () => void = () => undefined;
    lab.answer = () => new Promise((resolve) => (arrive = () => resolve({ kind: 'sent' })));
    await lab.post({ alertname: 'A' });
    await lab.after(MINUTE);
    lab.apply(config('group_wait: 2m\n  group_interval: 5m\n  repeat_interval: 12m'));
    arrive();
    expect(await lab.after(0)).toEqual(['1:00 a/webhook/0: first notification A']);
    expect(await lab.after(10 * MINUTE)).toEqual([]);
    expect(lab.errors).toEqual([]);
  });
});

describe('a clock that jumps', () => {
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
