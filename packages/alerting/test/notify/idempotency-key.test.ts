/** The key by which a web hook knows what it has had. */
import { describe, expect, it } from 'vitest';
import { Lab, MAIL, MINUTE, SECOND } from '../lab.ts';
import { config } from './world.ts';

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
