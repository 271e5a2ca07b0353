/** The engine over reloads: groups go on, and whoever was told of them before hears of their ends. */
import { describe, expect, it } from 'vitest';
import { HOOK, Lab, MINUTE, SECOND } from './lab.ts';
import { config, TIMERS } from './two-receivers.ts';

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

describe('a route that a reload puts before others', () => {
  const before = config(`${TIMERS}\n  routes: [{ receiver: b, matchers: [alertname="B"] }]`);
  const after = config(
    `${TIMERS}\n  routes: [{ receiver: a, matchers: [team="x"] }, { receiver: b, matchers: [alertname="B"] }]`,
  );

  it('leaves their groups alone', async () => {
    const lab = await new Lab(before).start();
    await lab.post({ alertname: 'B' });
    expect(await lab.after(30 * SECOND)).toEqual([]);
    lab.apply(after);
    expect(await lab.after(30 * SECOND)).toEqual(['1:00 b/webhook/0: first notification B']);
    await lab.post({ alertname: 'B', x: 'y' });
    lab.apply(before);
    expect(await lab.after(5 * MINUTE - 1)).toEqual([]);
    expect(await lab.after(1)).toEqual(['6:00 b/webhook/0: new alerts added B B']);
  });

  it('leaves an acknowledgement in force', async () => {
    const lab = await new Lab(before).start();
    await lab.post({ alertname: 'B' });
    await lab.after(MINUTE);
    await lab.engine.acknowledge(() => true, { by: 'ann', comment: '', endsAtMs: undefined });
    lab.apply(after);
    await lab.crash();
    expect(await lab.after(60 * MINUTE)).toEqual([]);
    expect([...lab.engine.escalations.pages.values()].map(({ acknowledgement }) => acknowledgement?.by)).toEqual([
      'ann',
    ]);
  });
});

describe('what was to be told to somebody who is no more told of the group', () => {
  it.each([
    ['is not in the configuration', config().replace(HOOK, '')],
    ['is not that of the route', config().replace('receiver: a', 'receiver: b')],
  ])('is on its way no more, where the receiver %s', async (_where, next) => {
    const lab = await new Lab(config()).start();
    lab.answer = () => ({ kind: 'failed', reason: '404 no such channel' });
    await lab.post({ alertname: 'A' });
    await lab.after(MINUTE);
    expect(lab.engine.state.outbox.size).toBe(1);
    lab.apply(next);
    expect(lab.engine.state.outbox.size).toBe(0);
    expect(lab.engine.groups).toHaveLength(1);
  });
});

describe('the end of what somebody was told who is no more told of it', () => {
  const regrouped = config(`${TIMERS}\n  group_by: [alertname]`);
  const keysOf = (lab: Lab): readonly string[] =>
    lab.arrived.splice(0).map(({ groupKey, reason, receiver }) => `${receiver} ${groupKey} ${reason}`);

  it('is told to the receiver of the group that there was before a reload, once, when all of it is over', async () => {
    const lab = await new Lab(config()).start();
    for (const alertname of ['A', 'B']) await lab.post({ alertname });
    await lab.after(MINUTE);
    lab.apply(regrouped);
    await lab.after(5 * MINUTE);
    lab.arrived.splice(0);
    await lab.resolve({ alertname: 'A' });
    await lab.after(30 * MINUTE);
    expect(keysOf(lab).filter((text) => text.includes('{}:{}'))).toEqual([]);
    await lab.resolve({ alertname: 'B' });
    await lab.crash();
    await lab.after(30 * MINUTE);
    const ends = keysOf(lab);
    expect(ends.toSorted()).toEqual(['a {}:{alertname="B"} all alerts resolved', 'a {}:{} all alerts resolved']);
    await lab.after(120 * MINUTE);
    expect(keysOf(lab)).toEqual([]);
    expect([...lab.engine.state.alerts.all()]).toEqual([]);
    expect(lab.errors).toEqual([]);
  });

  it('is told to the receiver that the route had before', async () => {
    const lab = await new Lab(config()).start();
    await lab.post({ alertname: 'A' });
    await lab.after(MINUTE);
    lab.apply(config().replace('receiver: a', 'receiver: b'));
    await lab.after(5 * MINUTE);
    lab.answer = (id) =>
      id.startsWith('a/') ? { kind: 'retry', reason: '503', afterMs: undefined } : { kind: 'sent' };
    await lab.resolve({ alertname: 'A' });
    await lab.after(20 * MINUTE);
    expect(keysOf(lab)).toEqual([
      'a {}:{} first notification',
      'b {}:{} first notification',
      'b {}:{} all alerts resolved',
    ]);
    // Nobody waits for it.
    expect(lab.engine.state.outbox.size).toBe(0);
    lab.answer = () => ({ kind: 'sent' });
    await lab.after(5 * MINUTE);
    expect(keysOf(lab)).toEqual(['a {}:{} all alerts resolved']);
  });

  it('is told to nobody where the receiver has been removed, and keeps no alert', async () => {
    const lab = await new Lab(config()).start();
    await lab.post({ alertname: 'A' });
    await lab.after(MINUTE);
    lab.apply(config().replaceAll('name: a', 'name: c').replace('receiver: a', 'receiver: b'));
    await lab.resolve({ alertname: 'A' });
    await lab.after(120 * MINUTE);
    expect(keysOf(lab)).toEqual(['a {}:{} first notification']);
    expect([...lab.engine.state.alerts.all()]).toEqual([]);
    expect(lab.errors).toEqual([]);
  });

  it('is not told where resolve_what_fired is off, as in Alertmanager', async () => {
    const off = { engine: { resolveWhatFired: false } };
    const lab = await new Lab(config(), off).start();
    await lab.post({ alertname: 'A' });
    await lab.after(MINUTE);
    lab.apply(config().replace('receiver: a', 'receiver: b'), off);
    await lab.after(5 * MINUTE);
    await lab.resolve({ alertname: 'A' });
    await lab.after(30 * MINUTE);
    expect(keysOf(lab).filter((text) => text.startsWith('a '))).toEqual(['a {}:{} first notification']);
  });
});
