/** Fallback receivers that are down when the end is due of what they were told in the place of another. */
import { describe, expect, it } from 'vitest';
import type { SendOutcome } from '../../src/receivers/integration.ts';
import { HOOK, Lab, MAIL, MINUTE } from '../lab.ts';
import { config } from './world.ts';

const DOWN: SendOutcome = { kind: 'retry', reason: '503', afterMs: undefined };
const options = { receivers: { a: { fallback: { receiver: 'spare', afterFailures: 3 }, rateLimit: undefined } } };
const twice = config().replace(`name: spare, ${HOOK}`, `name: spare, ${HOOK.replace(']', ", { url: 'http://b/' }]")}`);

/** Whoever has such an id cannot be told. */
const cannot = (lab: Lab, ...ids: readonly string[]): void => {
  lab.answer = (id) => (ids.some((one) => id.startsWith(one)) ? DOWN : { kind: 'sent' });
};

/** The fallback was told that A fires, and is down when the receiver hears that it is over. */
async function owing(text = config()): Promise<Lab> {
  const lab = await new Lab(text, options).start();
  cannot(lab, 'a/');
  await lab.post({ alertname: 'A' });
  expect((await lab.after(2 * MINUTE))[0]).toBe('1:00 spare/webhook/0: first notification A');
  cannot(lab, 'spare/');
  await lab.resolve({ alertname: 'A' });
  return lab;
}

describe('a fallback receiver that is down when an end is due', () => {
  it('is told of it when it is back, and the receiver once', async () => {
    const lab = await owing();
    expect(await lab.after(20 * MINUTE)).toEqual(['6:00 a/webhook/0: all alerts resolved -A']);
    // Nobody waits for it: a dead man hears that alerts get through.
    expect(lab.engine.state.outbox.size).toBe(0);
    cannot(lab);
    const told = await lab.after(MINUTE);
    expect(told.map((line) => line.slice(line.indexOf('spare')))).toEqual(['spare/webhook/0: all alerts resolved -A']);
    expect(lab.arrived.at(-1)?.receiver).toBe('spare');
    expect(await lab.after(3 * 60 * MINUTE)).toEqual([]);
    expect(lab.engine.groups).toEqual([]);
  });

  it('is told of it after a restart, and not again after the next', async () => {
    const lab = await owing();
    await lab.after(6 * MINUTE);
    await lab.crash(60 * MINUTE);
    expect(await lab.after(MINUTE)).toEqual([expect.stringMatching(/ spare\/webhook\/0: all alerts resolved -A$/)]);
    await lab.crash();
    expect(await lab.after(30 * MINUTE)).toEqual([]);
    expect([...lab.engine.state.alerts.all()]).toEqual([]);
  });

  it('is told of it days later, within the retention', async () => {
    const lab = await owing();
    await lab.after(119 * 60 * MINUTE);
    expect([...lab.engine.state.alerts.all()]).toHaveLength(1);
    cannot(lab);
    expect(await lab.after(MINUTE)).toEqual([expect.stringContaining('spare/webhook/0: all alerts resolved -A')]);
  });

  it.each([
    ['groups are others', config(HOOK, '', 'group_by: [alertname]'), options],
    ['it is nobody’s fallback any more', config(), {}],
    ['the receiver is another', config().replaceAll('name: a', 'name: c').replace('receiver: a', 'receiver: c'), {}],
  ])('is told of it after a reload by which %s', async (_what, next, nextOptions) => {
    const lab = await owing();
    await lab.after(6 * MINUTE);
    lab.apply(next, nextOptions);
    await lab.after(6 * MINUTE);
    cannot(lab);
    const told = await lab.after(2 * MINUTE);
    expect(told).toEqual([expect.stringMatching(/ spare\/webhook\/0: all alerts resolved -A$/)]);
    expect(await lab.after(60 * MINUTE)).toEqual([]);
  });

  it('is told of nothing any more where it is not in the configuration, and keeps no alert', async () => {
    const lab = await owing();
    await lab.after(6 * MINUTE);
    lab.apply(config().replace('name: spare', 'name: other'));
    // What is under way ends as it began.
    expect(await lab.after(5 * MINUTE)).toEqual([]);
    cannot(lab);
    expect(await lab.after(120 * MINUTE)).toEqual([]);
    expect([...lab.engine.state.alerts.all()]).toEqual([]);
    expect(lab.engine.groups).toEqual([]);
  });

  it('is told of it where a reload names another, which hears of no end of what it was not told', async () => {
    const lab = await new Lab(config(), options).start();
    cannot(lab, 'a/');
    await lab.post({ alertname: 'A' });
    expect(await lab.after(2 * MINUTE)).toEqual(['1:00 spare/webhook/0: first notification A']);
    const next = config().replace('receivers: [', `receivers: [{ name: other, ${HOOK} }, `);
    lab.apply(next, { receivers: { a: { fallback: { receiver: 'other', afterFailures: 3 }, rateLimit: undefined } } });
    cannot(lab);
    await lab.resolve({ alertname: 'A' });
    const told = await lab.after(60 * MINUTE);
    expect(told.toSorted()).toEqual([
      '6:00 a/webhook/0: all alerts resolved -A',
      '6:00 spare/webhook/0: all alerts resolved -A',
    ]);
  });

  it('is owed it no more where it wants to hear of no end since a reload', async () => {
    const lab = await owing();
    await lab.after(6 * MINUTE);
    lab.apply(
      config().replace(`name: spare, ${HOOK}`, `name: spare, ${HOOK.replace(' }]', ', send_resolved: false }]')}`),
    );
    await lab.after(6 * MINUTE);
    cannot(lab);
    expect(await lab.after(120 * MINUTE)).toEqual([]);
    expect([...lab.engine.state.alerts.all()]).toEqual([]);
    expect(lab.engine.groups).toEqual([]);
  });

  it('hears of that end also where others fire in the group, and of none of them', async () => {
    const lab = await owing();
    await lab.post({ alertname: 'B' });
    expect(await lab.after(10 * MINUTE)).toEqual(['6:00 a/webhook/0: new alerts added -A B']);
    cannot(lab);
    const told = await lab.after(MINUTE);
    expect(told.map((line) => line.slice(line.indexOf('spare')))).toEqual(['spare/webhook/0: all alerts resolved -A']);
    await lab.resolve({ alertname: 'B' });
    expect(await lab.after(30 * MINUTE)).toEqual(['16:00 a/webhook/0: all alerts resolved -B']);
  });

  it('hears of no end of what fires again, until that is over', async () => {
    const lab = await owing();
    await lab.after(5 * MINUTE);
    await lab.post({ alertname: 'A' });
    expect(await lab.after(5 * MINUTE)).toEqual(['11:00 a/webhook/0: first notification A']);
    cannot(lab);
    expect(await lab.after(10 * MINUTE)).toEqual([]);
    await lab.resolve({ alertname: 'A' });
    const told = await lab.after(5 * MINUTE);
    expect(told.toSorted()).toEqual([
      '26:00 a/webhook/0: all alerts resolved -A',
      '26:00 spare/webhook/0: all alerts resolved -A',
    ]);
  });

  it('is told although a silence mutes the alert meanwhile', async () => {
    const lab = await owing();
    await lab.after(6 * MINUTE);
    await lab.silence('A', 600);
    await lab.after(10 * MINUTE);
    cannot(lab);
    expect(await lab.after(2 * MINUTE)).toEqual([expect.stringContaining('spare/webhook/0: all alerts resolved -A')]);
  });

  it('is told in one of several ways alone where the others have heard of it', async () => {
    const lab = await new Lab(twice, options).start();
    cannot(lab, 'a/');
    await lab.post({ alertname: 'A' });
    expect(await lab.after(2 * MINUTE)).toHaveLength(2);
    cannot(lab, 'a/', 'spare/webhook/1');
    await lab.resolve({ alertname: 'A' });
    expect(await lab.after(10 * MINUTE)).toEqual(['6:00 spare/webhook/0: all alerts resolved -A']);
    // The receiver is still down.
    cannot(lab, 'a/');
    expect(await lab.after(MINUTE)).toEqual([expect.stringContaining('spare/webhook/1: all alerts resolved -A')]);
    cannot(lab);
    expect(await lab.after(5 * MINUTE)).toEqual([expect.stringContaining('a/webhook/0: all alerts resolved -A')]);
    expect(await lab.after(60 * MINUTE)).toEqual([]);
  });

  it('is told of the end although the receiver wants to hear of none', async () => {
    const lab = await new Lab(config(MAIL), options).start();
    cannot(lab, 'a/');
    await lab.post({ alertname: 'A' });
    expect(await lab.after(2 * MINUTE)).toEqual(['1:00 spare/webhook/0: first notification A']);
    cannot(lab, 'spare/');
    await lab.resolve({ alertname: 'A' });
    expect(await lab.after(10 * MINUTE)).toEqual([]);
    cannot(lab);
    expect(await lab.after(MINUTE)).toEqual([expect.stringContaining('spare/webhook/0: all alerts resolved -A')]);
    expect(await lab.after(60 * MINUTE)).toEqual([]);
  });
});
