/** Context beside the alerts of a page: when it is gathered, and what it is no part of. */
import { describe, expect, it } from 'vitest';
import type { NotificationContext } from '../../src/context/notification-context.ts';
import { contextOptions } from '../context/contexts.ts';
import { HOOK, Lab, MAIL, MINUTE } from '../lab.ts';
import { config } from './world.ts';

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
    await lab.silence('B', 30);
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
