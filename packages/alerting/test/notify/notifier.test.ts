/** How notifications get to receivers that fail, and to those that a storm would be too much for. */
import { describe, expect, it } from 'vitest';
import { Lab, MINUTE, SECOND } from '../lab.ts';
import { config, HOOK, MAIL } from './world.ts';

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
