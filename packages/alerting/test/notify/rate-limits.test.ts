/** The rate of a receiver over reloads and restarts, in the middle of a storm. */
import { describe, expect, it } from 'vitest';
import { HOOK, Lab, MAIL, MINUTE, SECOND } from '../lab.ts';
import { config } from './world.ts';

const byName = 'group_by: [alertname]';
/** One group for each name. */
const NAMES = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'];
const rate = (notifications: number, digest = false) => ({
  receivers: {
    a: { fallback: undefined, rateLimit: { notifications, periodMs: MINUTE, digest, digestAlerts: 20 } },
  },
});

/** Two are told at 1:00, and one each 30 seconds: when this returns six wait. */
async function storm(integrations = HOOK, options = rate(2)): Promise<Lab> {
  const lab = await new Lab(config(integrations, '', byName), options).start();
  for (const alertname of NAMES) await lab.post({ alertname });
  expect(await lab.after(MINUTE + SECOND)).toHaveLength(2);
  return lab;
}

describe('a reload in the middle of a storm', () => {
  it('gives no receiver more than its rate, neither of what waits nor of what comes', async () => {
    const lab = await storm();
    for (let reload = 0; reload < 5; reload++) {
      lab.apply(config(HOOK, '', byName), rate(2));
      expect(lab.engine.limits.get('a/webhook/0')?.waiting).toBe(6);
    }
    await lab.post({ alertname: 'I' });
    expect(await lab.after(28 * SECOND)).toEqual([]);
    expect(await lab.after(2 * SECOND)).toHaveLength(1);
    lab.apply(config(HOOK, '', byName), rate(2));
    const told = await lab.after(3 * MINUTE);
    expect(told.map((line) => line.split(' ')[0])).toEqual(['2:00', '2:30', '3:00', '3:30', '4:00', '4:30']);
    expect(lab.engine.limits.get('a/webhook/0')?.counts.held).toBe(7);
  });

  it('tells what waits by the new rate from then on', async () => {
    const lab = await storm();
    lab.apply(config(HOOK, '', byName), rate(60));
    expect(await lab.after(SECOND)).toHaveLength(1);
    expect(await lab.after(10 * SECOND)).toHaveLength(5);
  });

  it('sends the digest of what waits as the new configuration says', async () => {
    const lab = await storm(MAIL, rate(2, true));
    lab.apply(config(MAIL, '', byName), rate(2, true));
    expect(await lab.after(30 * SECOND)).toEqual([expect.stringMatching(/^1:30 a\/email\/0: .* C D E F G H$/)]);
  });

  it('lets on at once what waits and what comes where the receiver has no rate any more', async () => {
    const lab = await storm();
    lab.apply(config(HOOK, '', byName));
    expect(lab.engine.limits.size).toBe(0);
    await lab.post({ alertname: 'I' });
    expect(await lab.after(SECOND)).toHaveLength(6);
    expect(await lab.after(MINUTE)).toEqual([expect.stringMatching(/ I$/)]);
  });
});

describe('a restart in the middle of a storm', () => {
  it('gives no receiver more than its rate', async () => {
    const lab = await storm();
    await lab.crash();
    // What was claimed is told at once, as far as the rate allows.
    const told = await lab.after(3 * MINUTE + SECOND);
    expect(told.map((line) => line.split(' ')[0])).toEqual(['1:31', '2:01', '2:31', '3:01', '3:31', '4:01']);
  });

  it('is behind it once that is longer ago than the period of the rate', async () => {
    const lab = await storm();
    await lab.crash(2 * MINUTE);
    expect(await lab.after(SECOND)).toHaveLength(2);
  });
});
