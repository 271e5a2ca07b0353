/** How notifications get to receivers that fail, and to those that a storm would be too much for. */
import { describe, expect, it } from 'vitest';
import { HOOK, Lab, MAIL, MINUTE, SECOND } from '../lab.ts';
import { config, TIMERS } from './world.ts';

const NONE_FAILED = {
  ...{ clientError: 0, serverError: 0, authError: 0, rateLimited: 0 },
  ...{ contextCanceled: 0, contextDeadlineExceeded: 0, other: 0 },
};

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
      failed: { ...NONE_FAILED, other: 1 },
      requests: 17,
      failedRequests: 16,
    });
  });

  it('has failed, too, where it has not answered until the time is over', async () => {
    const lab = await new Lab(config()).start();
    lab.answer = (_, ending) =>
      new Promise((resolve) => {
        const giveUp = () => resolve({ kind: 'retry', reason: String(ending.reason), afterMs: undefined });
        ending.addEventListener('abort', giveUp);
      });
    await lab.post({ alertname: 'A' });
    await lab.after(6 * MINUTE);
    const failed = lab.history.filter(({ kind }) => kind === 'failed');
    expect(failed).toMatchObject([
      { timeMs: 6 * MINUTE, latencyMs: 5 * MINUTE, problem: expect.stringMatching(/time/) },
    ]);
    expect(lab.counts.integrations.get('a/webhook/0')).toMatchObject({ requests: 1, failedRequests: 1 });
    await lab.engine.close({ graceMs: 0 });
    expect(lab.counts.integrations.get('a/webhook/0')).toMatchObject({ requests: 1 });
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
    expect(lab.warnings).toEqual([
      'a notification has not arrived, and is tried again {"integration":"a/webhook/0","groupKey":"{}:{}","attempt":1,"problem":"400"}',
    ]);
    lab.answer = () => ({ kind: 'sent' });
    expect(await lab.after(5 * MINUTE)).toEqual(['6:00 a/webhook/0: first notification A']);
  });

  it('for some of those whom it is for is not told again for the others, and the history says who lacks it', async () => {
    const lab = await new Lab(config(MAIL)).start();
    lab.answer = () => ({ kind: 'sent', problem: 'the server did not take it for no-one@example.com' });
    await lab.post({ alertname: 'A' });
    expect(await lab.after(50 * MINUTE)).toEqual(['1:00 a/email/0: first notification A']);
    expect(lab.history.at(-1)).toMatchObject({ kind: 'sent', problem: expect.stringContaining('no-one@example.com') });
    expect(lab.counts.integrations.get('a/email/0')).toMatchObject({ failed: NONE_FAILED, failedRequests: 1 });
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
    await lab.silence('A', 60);
    await lab.silence('C', 60);
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
