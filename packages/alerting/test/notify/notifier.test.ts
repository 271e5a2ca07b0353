/** What reaches a receiver: the stages of section 2.7, and the options beyond Alertmanager. */
import { describe, expect, it } from 'vitest';
import type { NotificationContext } from '../../src/context/notification-context.ts';
import { AlertMatcher } from '../../src/matchers/alert-matcher.ts';
import { contextOptions } from '../context/contexts.ts';
import { Lab, MINUTE, SECOND } from '../lab.ts';

const HOOK = "webhook_configs: [{ url: 'http://localhost/' }]";
const MAIL = 'email_configs: [{ to: you@example.com, from: me@example.com, smarthost: "localhost:25" }]';
const TIMERS = 'group_wait: 1m\n  group_interval: 5m\n  repeat_interval: 1h';

const config = (integrations = HOOK, rest = '', route = ''): string =>
  `receivers: [{ name: a, ${integrations} }, { name: spare, ${HOOK} }]\nroute:\n  receiver: a\n  ${TIMERS}\n  ${route}\n${rest}`;

const silence = (lab: Lab, name: string, minutes: number) =>
  lab.engine.setSilence({
    matcherSets: [[new AlertMatcher('alertname', '=', name)]],
    startsAtMs: lab.clock.nowMs(),
    endsAtMs: lab.clock.nowMs() + minutes * MINUTE,
    createdBy: 'me',
    comment: '',
    annotations: {},
  });

const INHIBIT = 'inhibit_rules: [{ source_matchers: [alertname="Node"], target_matchers: [alertname="Pod"] }]\n';
const NIGHT = `time_intervals:
  - name: night
    time_intervals: [{ times: [{ start_time: "00:00", end_time: "00:20" }] }]
`;

describe('a muted alert', () => {
  it('is left out while a silence holds, and told when it has ended', async () => {
    const lab = await new Lab(config()).start();
    await silence(lab, 'A', 7);
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
    const { id } = await silence(lab, 'Pod', 12);
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
      { kind: 'failed', integration: 'a/webhook/0', attempt: 1, problem: 'it answers 500' },
      { kind: 'sent', groupKey: '{}:{}', attempt: 2, problem: '' },
    ]);
  });
});

describe('the end of an alert that was told', () => {
  const end = async (lab: Lab): Promise<readonly string[]> => {
    await lab.post({ alertname: 'A' });
    await lab.after(MINUTE);
    await silence(lab, 'A', 60);
    await lab.resolve({ alertname: 'A' });
    return lab.after(6 * MINUTE);
  };

  it('is told although a silence mutes it', async () => {
    const lab = await new Lab(config()).start();
    expect(await end(lab)).toEqual(['6:00 a/webhook/0: all alerts resolved -A']);
  });

  it('is muted where resolve_what_fired is off, as in Alertmanager', async () => {
    const lab = await new Lab(config(), { engine: { resolveWhatFired: false } }).start();
    expect(await end(lab)).toEqual([]);
  });

  it('is told where it was muted for several flushes before', async () => {
    const lab = await new Lab(config()).start();
    await lab.post({ alertname: 'A' });
    await lab.post({ alertname: 'B' });
    await lab.after(MINUTE);
    await silence(lab, 'A', 600);
    await lab.post({ alertname: 'C' });
    await lab.after(5 * MINUTE);
    await lab.resolve({ alertname: 'B' });
    await lab.resolve({ alertname: 'C' });
    expect(await lab.after(5 * MINUTE)).toEqual(['11:00 a/webhook/0: all alerts resolved -B -C']);
    await lab.resolve({ alertname: 'A' });
    expect(await lab.after(5 * MINUTE)).toEqual(['16:00 a/webhook/0: all alerts resolved -A']);
    expect(await lab.after(60 * MINUTE)).toEqual([]);
  });

  it('is not told of an alert that was never told', async () => {
    const lab = await new Lab(config()).start();
    await silence(lab, 'A', 600);
    await lab.post({ alertname: 'A' });
    await lab.after(MINUTE);
    await lab.resolve({ alertname: 'A' });
    expect(await lab.after(10 * MINUTE)).toEqual([]);
  });

  it('is not sent where send_resolved is off, and the next is the first', async () => {
    const lab = await new Lab(config(MAIL)).start();
    await lab.post({ alertname: 'A' });
    await lab.post({ alertname: 'B' });
    expect(await lab.after(MINUTE)).toEqual(['1:00 a/email/0: first notification A B']);
    await lab.resolve({ alertname: 'A' });
    await lab.post({ alertname: 'C' });
    expect(await lab.after(5 * MINUTE)).toEqual(['6:00 a/email/0: new alerts added B C']);
  });

  it.each([
    [true, { vigie_resolve_reason: 'recovered' }],
    [false, {}],
  ])('says why, with resolve_reason %s', async (resolveReason, annotations) => {
    const lab = await new Lab(config(), { engine: { resolveReason } }).start();
    await lab.post({ alertname: 'A' });
    await lab.after(MINUTE);
    expect(lab.arrived[0]?.alerts[0]?.annotations.toJSON()).toEqual({});
    await lab.resolve({ alertname: 'A' });
    await lab.after(5 * MINUTE);
    expect(lab.arrived[1]?.alerts[0]?.annotations.toJSON()).toEqual(annotations);
  });
});

describe('a receiver that fails', () => {
  it('is tried again until the time of the flush is over, and then with the next', async () => {
    const lab = await new Lab(config()).start();
    let attempts = 0;
    lab.answer = () => {
      attempts += 1;
      return { kind: 'retry', reason: '503', afterMs: undefined };
    };
    await lab.post({ alertname: 'A' });
    await lab.after(6 * MINUTE - 1);
    // Half of 0.5, 1, 2, 4, … 60 seconds, with the random numbers of the test.
    expect(attempts).toBe(16);
    lab.answer = () => ({ kind: 'sent' });
    expect(await lab.after(1)).toEqual(['6:00 a/webhook/0: first notification A']);
    expect(lab.counts.integrations.get('a/webhook/0')).toEqual({
      kind: 'webhook',
      notifications: 2,
      failed: 1,
      requests: 17,
      failedRequests: 16,
    });
  });

  it('is asked no earlier than it says', async () => {
    const lab = await new Lab(config()).start();
    lab.answer = () => ({ kind: 'retry', reason: '429', afterMs: 40 * SECOND });
    await lab.post({ alertname: 'A' });
    await lab.after(MINUTE);
    lab.answer = () => ({ kind: 'sent' });
    expect(await lab.after(40 * SECOND - 1)).toEqual([]);
    expect(await lab.after(1)).toEqual(['1:40 a/webhook/0: first notification A']);
  });

  it('for good is told again with the next flush, and holds back none of the others', async () => {
    const lab = await new Lab(config(`${HOOK}, ${MAIL}`)).start();
    lab.answer = (id) => (id === 'a/webhook/0' ? { kind: 'failed', reason: '400' } : { kind: 'sent' });
    await lab.post({ alertname: 'A' });
    expect(await lab.after(4 * MINUTE)).toEqual(['1:00 a/email/1: first notification A']);
    lab.answer = () => ({ kind: 'sent' });
    expect(await lab.after(5 * MINUTE)).toEqual(['6:00 a/webhook/0: first notification A']);
  });

  it('for some of those whom it is for is not told again for the others, and the history says who lacks it', async () => {
    const lab = await new Lab(config(MAIL)).start();
    lab.answer = () => ({ kind: 'sent', problem: 'the server did not take it for no-one@example.com' });
    await lab.post({ alertname: 'A' });
    expect(await lab.after(50 * MINUTE)).toEqual(['1:00 a/email/0: first notification A']);
    expect(lab.history.at(-1)).toMatchObject({ kind: 'sent', problem: expect.stringContaining('no-one@example.com') });
    expect(lab.counts.integrations.get('a/email/0')).toMatchObject({ failed: 0, requests: 1, failedRequests: 1 });
  });

  it('waits for nobody any more when there is nothing left to tell it', async () => {
    const lab = await new Lab(config(MAIL)).start();
    await lab.post({ alertname: 'A' });
    await lab.after(MINUTE);
    lab.answer = () => ({ kind: 'failed', reason: '400' });
    await lab.post({ alertname: 'B' });
    await lab.after(5 * MINUTE);
    expect(lab.engine.state.outbox.size).toBe(1);
    await lab.resolve({ alertname: 'B' });
    await lab.after(5 * MINUTE);
    expect(lab.engine.state.outbox.size).toBe(0);
    await lab.post({ alertname: 'C' });
    await lab.after(5 * MINUTE);
    expect(lab.engine.state.outbox.size).toBe(1);
    await silence(lab, 'A', 60);
    await silence(lab, 'C', 60);
    await lab.after(5 * MINUTE);
    expect(lab.engine.state.outbox.size).toBe(0);
  });

  it('by throwing is tried again', async () => {
    const lab = await new Lab(config()).start();
    lab.answer = () => {
      throw new Error('boom');
    };
    await lab.post({ alertname: 'A' });
    await lab.after(MINUTE);
    lab.answer = () => ({ kind: 'sent' });
    expect(await lab.after(SECOND)).toEqual(['1:00 a/webhook/0: first notification A']);
  });
});

describe('a fallback receiver', () => {
  const options = { receivers: { a: { fallback: { receiver: 'spare', afterFailures: 3 }, rateLimit: undefined } } };
  const down = (id: string) =>
    id.startsWith('a/') ? ({ kind: 'retry', reason: '503', afterMs: undefined } as const) : ({ kind: 'sent' } as const);

  it('is told after so many failures, once', async () => {
    const lab = await new Lab(config(), options).start();
    lab.answer = down;
    await lab.post({ alertname: 'A' });
    expect(await lab.after(10 * MINUTE)).toEqual(['1:00 spare/webhook/0: first notification A']);
    expect(lab.arrived[0]?.receiver).toBe('spare');
    expect(lab.counts.integrations.get('a/webhook/0')?.requests).toBe(3);
    expect([...lab.counts.fallbacks]).toEqual([['a', 1]]);
  });

  it('is told of the end of what it was told, as the receiver is that is back', async () => {
    const lab = await new Lab(config(), options).start();
    lab.answer = down;
    await lab.post({ alertname: 'A' });
    await lab.after(2 * MINUTE);
    lab.answer = () => ({ kind: 'sent' });
    await lab.resolve({ alertname: 'A' });
    const told = await lab.after(5 * MINUTE);
    expect(told.toSorted()).toEqual([
      '6:00 a/webhook/0: all alerts resolved -A',
      '6:00 spare/webhook/0: all alerts resolved -A',
    ]);
  });

  it('is told at once of what may not be tried again', async () => {
    const lab = await new Lab(config(), options).start();
    lab.answer = (id) => (id.startsWith('a/') ? { kind: 'failed', reason: '400' } : { kind: 'sent' });
    await lab.post({ alertname: 'A' });
    expect(await lab.after(MINUTE)).toEqual(['1:00 spare/webhook/0: first notification A']);
  });

  it('is told at once where the receiver is to be asked again much later, and that is not asked before', async () => {
    const lab = await new Lab(config(), options).start();
    let asked = 0;
    lab.answer = (id) => {
      if (!id.startsWith('a/')) return asked++ === 0 ? { kind: 'failed', reason: '400' } : { kind: 'sent' };
      return { kind: 'retry', reason: '429', afterMs: 10 * MINUTE };
    };
    await lab.post({ alertname: 'A' });
    expect(await lab.after(3 * MINUTE)).toEqual(['1:00 spare/webhook/0: first notification A']);
    expect(lab.counts.integrations.get('a/webhook/0')?.requests).toBe(1);
    expect(lab.counts.integrations.get('spare/webhook/0')?.requests).toBe(2);
  });

  it('is told where the receiver takes requests and does not answer them', async () => {
    const timeoutMs = 10 * SECOND;
    const hasty = {
      receivers: { a: { fallback: { ...options.receivers.a.fallback, timeoutMs }, rateLimit: undefined } },
    };
    const lab = await new Lab(config(), hasty).start();
    lab.answer = (id, signal) => {
      if (!id.startsWith('a/')) return { kind: 'sent' };
      return new Promise((resolve) => {
        signal.addEventListener('abort', () =>
          resolve({ kind: 'retry', reason: String(signal.reason.message), afterMs: undefined }),
        );
      });
    };
    await lab.post({ alertname: 'A' });
    // Three attempts, and half of 0.5 and 1 s between them.
    expect(await lab.after(2 * MINUTE)).toEqual(['1:30 spare/webhook/0: first notification A']);
    const failed = lab.history.filter(({ kind }) => kind === 'failed');
    expect(failed).toMatchObject([{ attempt: 1, problem: 'no answer within 10s' }]);
  });

  it('that has heard of an end does not keep it from the receiver, which was told that it fires', async () => {
    const lab = await new Lab(config(), options).start();
    await lab.post({ alertname: 'A' });
    expect(await lab.after(2 * MINUTE)).toEqual(['1:00 a/webhook/0: first notification A']);
    lab.answer = down;
    await lab.resolve({ alertname: 'A' });
    expect(await lab.after(20 * MINUTE)).toEqual(['6:00 spare/webhook/0: all alerts resolved -A']);
    // Nobody waits for it: a dead man hears that alerts get through.
    expect(lab.engine.state.outbox.size).toBe(0);
    await lab.crash();
    lab.answer = () => ({ kind: 'sent' });
    expect(await lab.after(5 * MINUTE)).toEqual(['26:00 a/webhook/0: all alerts resolved -A']);
    expect(await lab.after(3 * 60 * MINUTE)).toEqual([]);
    expect(lab.engine.groups).toEqual([]);
  });

  it('hears of what is new while the receiver is still owed an end, and the receiver of both when it is back', async () => {
    const lab = await new Lab(config(), options).start();
    await lab.post({ alertname: 'A' });
    await lab.after(2 * MINUTE);
    lab.answer = down;
    await lab.resolve({ alertname: 'A' });
    await lab.after(5 * MINUTE);
    await lab.post({ alertname: 'B' });
    expect(await lab.after(5 * MINUTE)).toEqual(['11:00 spare/webhook/0: first notification -A B']);
    lab.answer = () => ({ kind: 'sent' });
    expect(await lab.after(5 * MINUTE)).toEqual(['16:00 a/webhook/0: some alerts resolved -A B']);
    expect(await lab.after(20 * MINUTE)).toEqual([]);
  });

  it('that wants to hear of no end takes none in the place of the receiver', async () => {
    const silent = `receivers: [{ name: a, ${HOOK} }, { name: spare, ${MAIL} }]\nroute:\n  receiver: a\n  ${TIMERS}\n`;
    const lab = await new Lab(silent, options).start();
    await lab.post({ alertname: 'A' });
    await lab.after(2 * MINUTE);
    lab.answer = down;
    await lab.resolve({ alertname: 'A' });
    expect(await lab.after(8 * MINUTE)).toEqual([]);
    lab.answer = () => ({ kind: 'sent' });
    expect(await lab.after(5 * MINUTE)).toEqual([expect.stringMatching(/ a\/webhook\/0: all alerts resolved -A$/)]);
  });

  it('that fails, too, leaves both to be tried again', async () => {
    const lab = await new Lab(config(), options).start();
    lab.answer = () => ({ kind: 'retry', reason: '503', afterMs: undefined });
    await lab.post({ alertname: 'A' });
    await lab.after(3 * MINUTE);
    lab.answer = () => ({ kind: 'sent' });
    const told = await lab.after(MINUTE);
    expect(told).toHaveLength(1);
  });
});

describe('context', () => {
  const asked = { receivers: { a: { fallback: undefined, rateLimit: undefined, context: contextOptions() } } };
  const saying = (text: string, of: readonly { readonly fingerprint: string }[]): NotificationContext => ({
    annotations: new Map(of.map(({ fingerprint }) => [fingerprint, new Map([['vigie_log_lines', text]])] as const)),
    charts: new Map(),
  });

  it('is no part of what alerts are known, grouped or compared by: lines that change tell nobody anew', async () => {
    let asks = 0;
    const lab = await new Lab(config(HOOK, '', 'group_by: ["..."]'), asked).start();
    lab.gatherContext = async ({ alerts }) => saying(`lines ${asks++}`, alerts);
    const plain = await new Lab(config(HOOK, '', 'group_by: ["..."]')).start();
    for (const one of [lab, plain]) {
      await one.post({ alertname: 'A' });
      expect(await one.after(MINUTE)).toEqual(['1:00 a/webhook/0: first notification A']);
      // Nothing of it is in what is kept, either.
      await one.crash();
      expect(await one.after(20 * MINUTE)).toEqual([]);
    }
    expect(asks).toBe(1);
    const [told] = lab.arrived;
    expect(told?.context?.annotations.get(told.alerts[0]?.fingerprint ?? '')?.get('vigie_log_lines')).toBe('lines 0');
    expect({ ...told, context: undefined }).toEqual({ ...plain.arrived[0], context: undefined });
    expect(Buffer.concat([...lab.fs.contents().values()]).toString()).not.toContain('lines 0');
    const events = (one: Lab) => one.history.map((event) => ({ ...event, latencyMs: 0 }));
    expect(events(lab)).toEqual(events(plain));
  });

  it('is gathered once for all integrations of a receiver, of alerts that are not muted, and not again for a retry', async () => {
    const lab = await new Lab(config(`${HOOK}, ${MAIL}`), asked).start();
    const gathered: (readonly string[])[] = [];
    lab.gatherContext = async ({ alerts }) => {
      gathered.push(alerts.map(({ labels }) => labels.get('alertname')));
      return saying('x', alerts);
    };
    let attempts = 0;
    lab.answer = () => (attempts++ < 3 ? { kind: 'retry', reason: '503', afterMs: undefined } : { kind: 'sent' });
    await silence(lab, 'B', 30);
    await lab.post({ alertname: 'A' });
    await lab.post({ alertname: 'B' });
    expect(await lab.after(2 * MINUTE)).toHaveLength(2);
    expect(gathered).toEqual([['A']]);
    expect(lab.arrived.map(({ context }) => context?.annotations.size)).toEqual([1, 1]);
  });

  it('keeps no page back, whatever becomes of it', async () => {
    const lab = await new Lab(config(), asked).start();
    lab.gatherContext = () => Promise.reject(new Error('bug'));
    await lab.post({ alertname: 'A' });
    expect(await lab.after(MINUTE)).toEqual(['1:00 a/webhook/0: first notification A']);
    expect(lab.errors).toEqual(['a page goes without its context Error: bug']);
  });

  it('goes with the alerts of a digest', async () => {
    const rateLimit = { notifications: 1, periodMs: MINUTE, digest: true, digestAlerts: 20 };
    const options = { receivers: { a: { fallback: undefined, rateLimit, context: contextOptions() } } };
    const lab = await new Lab(config(MAIL, '', 'group_by: [alertname]'), options).start();
    lab.gatherContext = async ({ alerts }) => saying('x', alerts);
    for (const alertname of ['A', 'B', 'C']) await lab.post({ alertname });
    await lab.after(3 * MINUTE);
    expect(lab.arrived.map(({ context }) => context?.annotations.size)).toEqual([1, 2]);
  });
});

describe('the idempotency key', () => {
  it('is the same for each attempt, also at the next flush and after a restart, and another for the next notification', async () => {
    const lab = await new Lab(config()).start();
    const keys: (string | undefined)[] = [];
    lab.answer = (_id, _signal, notification) => {
      keys.push(notification.idempotencyKey);
      return { kind: 'retry', reason: '503', afterMs: 60 * SECOND };
    };
    await lab.post({ alertname: 'A' });
    await lab.after(7 * MINUTE);
    await lab.crash();
    await lab.after(SECOND);
    keys.push(lab.arrived[0]?.idempotencyKey);
    expect(keys.length).toBeGreaterThan(6);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[0-9a-f]{64}-60000-[0-9a-f]{16}$/);
    await lab.post({ alertname: 'B' });
    await lab.after(6 * MINUTE);
    await lab.resolve({ alertname: 'B' });
    await lab.after(6 * MINUTE);
    const told = lab.arrived.map(({ idempotencyKey }) => idempotencyKey);
    expect(new Set(told).size).toBe(3);
  });

  it('is another where the alerts are others than when it was tried: they must not be taken for known', async () => {
    const lab = await new Lab(config()).start();
    const keys: (string | undefined)[] = [];
    lab.answer = (_id, _signal, notification) => {
      keys.push(notification.idempotencyKey);
      return { kind: 'failed', reason: '400' };
    };
    await lab.post({ alertname: 'A' });
    await lab.after(MINUTE);
    await lab.post({ alertname: 'B' });
    await lab.after(5 * MINUTE);
    await lab.resolve({ alertname: 'A' });
    await lab.after(MINUTE);
    await lab.post({ alertname: 'A' }, { startsAtMs: lab.clock.nowMs() });
    await lab.after(5 * MINUTE);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(3);
  });

  it('is not there where it is switched off, and a digest has one of its own', async () => {
    const off = await new Lab(config(), { engine: { idempotencyKey: false } }).start();
    await off.post({ alertname: 'A' });
    await off.after(MINUTE);
    expect(off.arrived[0]?.idempotencyKey).toBeUndefined();
    const rateLimit = { notifications: 1, periodMs: MINUTE, digest: true, digestAlerts: 20 };
    const options = { receivers: { a: { fallback: undefined, rateLimit } } };
    const lab = await new Lab(config(MAIL, '', 'group_by: [alertname]'), options).start();
    for (const alertname of ['A', 'B', 'C']) await lab.post({ alertname });
    await lab.after(3 * MINUTE);
    expect(lab.arrived[1]?.idempotencyKey).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('a storm', () => {
  const limit = (digest: boolean) => ({
    receivers: {
      a: { fallback: undefined, rateLimit: { notifications: 2, periodMs: MINUTE, digest, digestAlerts: 20 } },
    },
  });
  const storm = async (lab: Lab): Promise<void> => {
    for (const alertname of ['A', 'B', 'C', 'D', 'E']) await lab.post({ alertname, cluster: 'x' });
  };
  const byName = 'group_by: [alertname, cluster]';

  it('is told as a digest where the receiver shows text', async () => {
    const lab = await new Lab(config(MAIL, '', byName), limit(true)).start();
    await storm(lab);
    expect(await lab.after(2 * MINUTE)).toEqual([
      '1:00 a/email/0: first notification A',
      '1:00 a/email/0: first notification B',
      '1:30 a/email/0: first notification C D E',
    ]);
    expect(lab.arrived[2]?.groupLabels.toJSON()).toEqual({ cluster: 'x' });
    // Each group knows that it was told.
    expect(await lab.after(20 * MINUTE)).toEqual([]);
  });

  it('holds back no group whose time is over, though the digest that it is in is still being sent for others', async () => {
    const routes = `receivers: [{ name: a, ${MAIL} }]
route:
  receiver: a
  group_wait: 1m
  group_by: [alertname]
  group_interval: 20m
  routes: [{ matchers: [alertname="Short"], group_interval: 2m }]
`;
    const one = { notifications: 1, periodMs: MINUTE, digest: true, digestAlerts: 20 };
    const lab = await new Lab(routes, { receivers: { a: { fallback: undefined, rateLimit: one } } }).start();
    let isDown = false;
    lab.answer = () => (isDown ? { kind: 'retry', reason: '503', afterMs: undefined } : { kind: 'sent' });
    for (const alertname of ['First', 'Long', 'Short']) await lab.post({ alertname });
    await lab.after(MINUTE);
    isDown = true;
    await lab.after(3 * MINUTE);
    isDown = false;
    // The digest of Long and Short is told when it can be; Short is not recorded as told by it, for its flush was over.
    const told = await lab.after(4 * MINUTE);
    expect(told.filter((line) => line.endsWith(' Short'))).not.toEqual([]);
    const shortFlushes = lab.history.filter((event) => event.kind === 'sent' && event.firing.length === 1);
    expect(shortFlushes.length).toBeGreaterThan(1);
  });

  it('of more alerts than a digest lists says how many others there are, and of what', async () => {
    const rateLimit = { notifications: 1, periodMs: MINUTE, digest: true, digestAlerts: 3 };
    const options = { receivers: { a: { fallback: undefined, rateLimit } } };
    const lab = await new Lab(config(MAIL, '', 'group_by: [pod]'), options).start();
    for (let pod = 0; pod < 30; pod++)
      await lab.post({ alertname: 'Down', cluster: 'x', namespace: pod % 3 === 0 ? 'pay' : 'shop', pod: String(pod) });
    await lab.after(2 * MINUTE);
    const [, digest] = lab.arrived;
    expect(digest?.alerts).toHaveLength(29);
    expect(digest?.listed?.map(({ labels, annotations }) => [labels.get('pod'), annotations.get('summary')])).toEqual([
      ['12', ''],
      ['15', ''],
      ['18', ''],
      ['', '+26 more by namespace: 20 shop, 6 pay'],
    ]);
    // The history has all of them.
    const sent = lab.history.flatMap((event) => (event.kind === 'sent' ? [event.firing.length] : []));
    expect(sent).toEqual([1, 29]);
    expect(await lab.after(20 * MINUTE)).toEqual([]);
  });

  it.each([
    ['digest is off', MAIL, false],
    ['the receiver keeps incidents by the keys of groups', HOOK, true],
  ])('is told one after the other where %s', async (_why, integration, digest) => {
    const lab = await new Lab(config(integration, '', byName), limit(digest)).start();
    await storm(lab);
    const told = await lab.after(3 * MINUTE);
    expect(told.map((line) => `${line.split(' ')[0]} ${line.at(-1)}`)).toEqual([
      '1:00 A',
      '1:00 B',
      '1:30 C',
      '2:00 D',
      '2:30 E',
    ]);
  });
});
