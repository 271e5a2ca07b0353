/** Who is told of what nobody acknowledges, and what an acknowledgement keeps from being told. */
import { seededRandom } from '@vigie/core/random';
import { describe, expect, it } from 'vitest';
import { HOOK, Lab, type LabOptions, MAIL, MINUTE } from '../lab.ts';

const config = (route = 'group_by: []'): string =>
  `receivers: [${['a', 'lead', 'boss'].map((name) => `{ name: ${name}, ${HOOK} }`).join(', ')}]
route:
  receiver: a
  group_wait: 1m
  group_interval: 5m
  repeat_interval: 12m
  ${route}
`;

const none = { fallback: undefined, rateLimit: undefined };
const STEPS = [
  { afterMs: 10 * MINUTE, receiver: 'lead' },
  { afterMs: 30 * MINUTE, receiver: 'boss' },
];
const stepped = (engine: LabOptions['engine'] = {}): LabOptions => ({
  receivers: { a: { ...none, escalation: STEPS } },
  engine: { ...engine },
});

const ack = (lab: Lab, endsAtMs?: number, by = 'ann') =>
  lab.engine.acknowledge(() => true, { by, comment: 'on it', endsAtMs });
const of = (lines: readonly string[], receiver: string): readonly string[] =>
  lines.filter((line) => line.includes(` ${receiver}/`));

describe('what nobody acknowledges', () => {
  it('goes to the receiver of each step at its time, and its end to everybody who was told', async () => {
    const lab = await new Lab(config(), stepped()).start();
    await lab.post({ alertname: 'A' });
    const told = await lab.after(35 * MINUTE);
    expect(of(told, 'lead')[0]).toBe('11:00 lead/webhook/0: first notification A');
    expect(of(told, 'boss')[0]).toBe('31:00 boss/webhook/0: first notification A');
    await lab.resolve({ alertname: 'A' });
    const ends = await lab.after(10 * MINUTE);
    expect(ends.filter((line) => line.includes('all alerts resolved')).map((line) => line.split(' ')[1])).toEqual([
      'a/webhook/0:',
      'lead/webhook/0:',
      'boss/webhook/0:',
    ]);
    expect(lab.engine.escalations.pages.size).toBe(0);
    expect(await lab.after(60 * MINUTE)).toEqual([]);
    expect(lab.history.filter(({ kind }) => kind === 'escalated')).toMatchObject([
      { receiver: 'a', cause: 'lead', timeMs: 11 * MINUTE, groupKey: '{}:{}' },
      { receiver: 'a', cause: 'boss', timeMs: 31 * MINUTE },
    ]);
  });

  it('is over before the step: nobody else is told', async () => {
    const lab = await new Lab(config(), stepped()).start();
    await lab.post({ alertname: 'A' });
    await lab.after(5 * MINUTE);
    await lab.resolve({ alertname: 'A' });
    expect(of(await lab.after(60 * MINUTE), 'lead')).toEqual([]);
  });

  it('is muted when the step is due: it is told at the flush when it is no more', async () => {
    const lab = await new Lab(config(), stepped()).start();
    await lab.post({ alertname: 'A' });
    await lab.after(5 * MINUTE);
    await lab.silence('A', 10);
    expect(of(await lab.after(10 * MINUTE), 'lead')).toEqual([]);
    expect(of(await lab.after(6 * MINUTE), 'lead')).toEqual(['16:00 lead/webhook/0: first notification A']);
  });

  it('goes on over a restart with its timers, and at once where one was due meanwhile', async () => {
    const lab = await new Lab(config(), stepped()).start();
    await lab.post({ alertname: 'A' });
    await lab.after(6 * MINUTE);
    await lab.crash(MINUTE);
    expect(of(await lab.after(4 * MINUTE - 1), 'lead')).toEqual([]);
    expect(of(await lab.after(1), 'lead')).toEqual(['11:00 lead/webhook/0: first notification A']);
    await lab.crash(40 * MINUTE);
    expect(of(await lab.after(1), 'boss')).toEqual(['51:00 boss/webhook/0: first notification A']);
    await lab.resolve({ alertname: 'A' });
    await lab.crash(MINUTE);
    const ends = await lab.after(10 * MINUTE);
    for (const name of ['a', 'lead', 'boss']) expect(of(ends, name).at(-1)).toContain('all alerts resolved -A');
  });

  it('is told once where a step is due as the group is told', async () => {
    const lab = await new Lab(config('group_interval: 10m').replace('group_interval: 5m\n', '\n'), stepped()).start();
    await lab.post({ alertname: 'A' });
    expect(of(await lab.after(12 * MINUTE), 'lead')).toEqual(['11:00 lead/webhook/0: first notification A']);
  });

  it('goes to the receiver of a step with the next flush where it could not be told', async () => {
    const lab = await new Lab(config(), stepped()).start();
    await lab.post({ alertname: 'A' });
    await lab.after(10 * MINUTE);
    lab.answer = (id) => (id.startsWith('lead') ? { kind: 'failed', reason: '400' } : { kind: 'sent' });
    expect(of(await lab.after(2 * MINUTE), 'lead')).toEqual([]);
    lab.answer = () => ({ kind: 'sent' });
    expect(of(await lab.after(5 * MINUTE), 'lead')).toEqual(['16:00 lead/webhook/0: first notification A']);
  });
});

describe('an acknowledgement', () => {
  it('stops repeats and steps, and nothing else', async () => {
    const lab = await new Lab(config(), stepped()).start();
    await lab.post({ alertname: 'A' });
    await lab.post({ alertname: 'B' });
    await lab.after(5 * MINUTE);
    expect(await ack(lab)).toMatchObject([{ group: '{}:{}', receiver: 'a' }]);
    expect(await lab.after(120 * MINUTE)).toEqual([]);
    await lab.resolve({ alertname: 'A' });
    expect(await lab.after(5 * MINUTE)).toEqual(['126:00 a/webhook/0: some alerts resolved -A B']);
    await lab.resolve({ alertname: 'B' });
    expect(await lab.after(5 * MINUTE)).toEqual(['131:00 a/webhook/0: all alerts resolved -B']);
    expect(lab.history.filter(({ kind }) => kind === 'acknowledged')).toMatchObject([
      { by: 'ann', cause: 'on it', timeMs: 5 * MINUTE, firing: expect.arrayContaining([expect.any(String)]) },
    ]);
  });

  it('holds for longer than Alertmanager remembers what was told to a receiver without send_resolved', async () => {
    const lab = await new Lab(config().replaceAll(HOOK, MAIL), stepped()).start();
    await lab.post({ alertname: 'A' });
    expect(await lab.after(5 * MINUTE)).toEqual(['1:00 a/email/0: first notification A']);
    await ack(lab);
    expect(await lab.after(180 * MINUTE)).toEqual([]);
    await lab.engine.withdrawAcknowledgement(() => true, 'ann');
    expect(of(await lab.after(5 * MINUTE), 'a')).toEqual(['186:00 a/email/0: repeat interval elapsed A']);
  });

  it('ends when another alert joins, and steps begin anew', async () => {
    const lab = await new Lab(config(), stepped()).start();
    await lab.post({ alertname: 'A' });
    await lab.after(15 * MINUTE);
    await ack(lab);
    await lab.after(30 * MINUTE);
    await lab.post({ alertname: 'B' });
    expect(await lab.after(5 * MINUTE)).toEqual(['46:00 a/webhook/0: new alerts added A B']);
    expect(lab.history.at(-2)).toMatchObject({ kind: 'reopened', cause: 'another alert fires', timeMs: 46 * MINUTE });
    const told = await lab.after(10 * MINUTE);
    expect(of(told, 'lead')).toEqual(['56:00 lead/webhook/0: new alerts added A B']);
  });

  it('of a page that somebody else was told of lets them hear of its end, and of nothing new', async () => {
    const lab = await new Lab(config(), stepped()).start();
    await lab.post({ alertname: 'A' });
    expect(of(await lab.after(15 * MINUTE), 'lead')).toHaveLength(1);
    await ack(lab);
    await lab.post({ alertname: 'B' });
    expect(of(await lab.after(5 * MINUTE), 'lead')).toEqual([]);
    await lab.resolve({ alertname: 'A' });
    await ack(lab, undefined, 'bob');
    expect(of(await lab.after(10 * MINUTE), 'lead')).toEqual(['21:00 lead/webhook/0: all alerts resolved -A']);
  });

  it('ends at its time: repeats and steps go on from then', async () => {
    const lab = await new Lab(config(), stepped()).start();
    await lab.post({ alertname: 'A' });
    await lab.after(5 * MINUTE);
    await ack(lab, 60 * MINUTE);
    expect(await lab.after(55 * MINUTE)).toEqual([]);
    const told = await lab.after(11 * MINUTE);
    expect(told[0]).toBe('61:00 a/webhook/0: repeat interval elapsed A');
    expect(of(told, 'lead')[0]).toBe('70:00 lead/webhook/0: first notification A');
  });

  it('is withdrawn, and steps begin anew', async () => {
    const lab = await new Lab(config(), stepped()).start();
    await lab.post({ alertname: 'A' });
    await lab.after(5 * MINUTE);
    expect(await lab.engine.withdrawAcknowledgement(() => true, 'bob')).toEqual([]);
    await ack(lab);
    await lab.after(30 * MINUTE);
    expect(await lab.engine.withdrawAcknowledgement(() => true, 'bob')).toHaveLength(1);
    expect(of(await lab.after(11 * MINUTE), 'lead')[0]).toBe('45:00 lead/webhook/0: first notification A');
  });

  it('holds over a restart, also of a group whose receiver has no steps', async () => {
    const lab = await new Lab(config()).start();
    await lab.post({ alertname: 'A' });
    await lab.after(5 * MINUTE);
    await ack(lab);
    await lab.crash(MINUTE);
    expect(await lab.after(60 * MINUTE)).toEqual([]);
    expect([...lab.engine.escalations.pages.values()]).toMatchObject([
      { acknowledgement: { by: 'ann', comment: 'on it', endsAtMs: undefined } },
    ]);
  });

  it('takes the groups in which such an alert fires, and no others', async () => {
    const lab = await new Lab(config('group_by: [alertname]')).start();
    await lab.post({ alertname: 'A' });
    await lab.post({ alertname: 'B' });
    await lab.after(MINUTE);
    const pages = await lab.engine.acknowledge((_group, { labels }) => labels.get('alertname') === 'B', {
      by: 'ann',
      comment: '',
      endsAtMs: undefined,
    });
    expect(pages.map(({ group }) => group)).toEqual(['{}:{alertname="B"}']);
    await lab.resolve({ alertname: 'A' });
    await lab.after(10 * MINUTE);
    expect(
      await lab.engine.acknowledge((group) => group.key.includes('A'), { by: 'x', comment: '', endsAtMs: undefined }),
    ).toEqual([]);
  });
});

/** Beside the engine: what should come of it, in whole minutes, from what was done alone. One group, whose wait is a minute and whose interval five. */
class Model {
  /** By name: whether it fires, or has ended since the group was told last. */
  readonly #alerts = new Map<string, 'firing' | 'ended'>();
  /** Those whose end is owed. */
  readonly #owed = new Set<string>();
  readonly #reached = new Set<string>();
  readonly events: string[] = [];
  #flushAt: number | undefined;
  #since: number | undefined;
  #covers: ReadonlySet<string> | undefined;

  get firing(): readonly string[] {
    return [...this.#alerts].flatMap(([name, state]) => (state === 'firing' ? [name] : []));
  }

  post(name: string, minute: number): void {
    if (this.#alerts.size === 0) this.#flushAt = minute + 1;
    this.#alerts.set(name, 'firing');
  }

  resolve(name: string): void {
    this.#alerts.set(name, 'ended');
  }

  acknowledge(minute: number): void {
    this.#since ??= minute;
    this.#covers = new Set(this.firing);
  }

  withdraw(minute: number): void {
    if (this.#covers !== undefined) this.#reopen(minute);
  }

  restart(): void {
    for (const [name, state] of this.#alerts) if (state === 'ended' && !this.#owed.has(name)) this.#alerts.delete(name);
    if (this.#alerts.size === 0) this.#end();
  }

  tick(minute: number): void {
    this.#step(minute);
    if (this.#flushAt !== minute) return;
    const { firing } = this;
    if (firing.some((name) => this.#covers?.has(name) === false)) this.#reopen(minute);
    if (firing.length > 0) this.#since ??= minute;
    this.#step(minute);
    for (const name of firing) this.#owed.add(name);
    for (const [name, state] of this.#alerts) {
      if (state === 'firing') continue;
      this.#alerts.delete(name);
      this.#owed.delete(name);
      this.#covers = this.#covers === undefined ? undefined : new Set([...this.#covers].filter((one) => one !== name));
    }
    if (this.#alerts.size === 0) this.#end();
    else this.#flushAt = minute + 5;
  }

  #step(minute: number): void {
    if (this.#since === undefined || this.#covers !== undefined || this.firing.length === 0) return;
    for (const { afterMs, receiver } of STEPS) {
      if (this.#reached.has(receiver) || this.#since + afterMs / MINUTE > minute) continue;
      this.#reached.add(receiver);
      this.events.push(`${minute} escalated ${receiver}`);
    }
  }

  #reopen(minute: number): void {
    this.events.push(`${minute} reopened`);
    this.#since = minute;
    this.#covers = undefined;
    this.#reached.clear();
  }

  #end(): void {
    this.#flushAt = undefined;
    this.#since = undefined;
    this.#covers = undefined;
    this.#reached.clear();
    this.#owed.clear();
  }
}

describe('escalation beside a model', () => {
  it.each(Array.from({ length: 25 }, (_, seed) => seed))('tells each step in its minute, seed %d', async (seed) => {
    const random = seededRandom(seed);
    const lab = await new Lab(config(), stepped()).start();
    const model = new Model();
    const trace: string[] = [];
    for (let minute = 0; minute < 240; minute++) {
      const name = ['A', 'B', 'C'][Math.floor(random() * 3)] ?? 'A';
      const fires = model.firing.includes(name);
      const choice = random();
      if (choice < 0.08) {
        trace.push(`${minute} post ${name}`);
        await lab.post({ alertname: name });
        model.post(name, minute);
      } else if (choice < 0.11 && fires) {
        trace.push(`${minute} resolve ${name}`);
        await lab.resolve({ alertname: name });
        model.resolve(name);
      } else if (choice < 0.14 && model.firing.length > 0) {
        trace.push(`${minute} ack`);
        await ack(lab);
        model.acknowledge(minute);
      } else if (choice < 0.15 && model.firing.length > 0) {
        trace.push(`${minute} withdraw`);
        await lab.engine.withdrawAcknowledgement(() => true, 'bob');
        model.withdraw(minute);
      } else if (choice < 0.18) {
        trace.push(`${minute} restart`);
        await lab.crash();
        model.restart();
      }
      await lab.after(MINUTE);
      model.tick(minute + 1);
    }
    const events = lab.history.flatMap((event) => {
      if (event.kind === 'escalated') return [`${event.timeMs / MINUTE} escalated ${event.cause}`];
      return event.kind === 'reopened' ? [`${event.timeMs / MINUTE} reopened`] : [];
    });
    expect(events, trace.join('\n')).toEqual(model.events);
    for (const name of model.firing) await lab.resolve({ alertname: name });
    await lab.after(30 * MINUTE);
    // Whoever was told that it fires was told of its end.
    for (const { entry, integration } of lab.engine.state.notifications.all())
      expect([...entry.owed], `${integration}\n${trace.join('\n')}`).toEqual([]);
    expect(lab.engine.escalations.pages.size).toBe(0);
    expect(lab.errors).toEqual([]);
  });
});
