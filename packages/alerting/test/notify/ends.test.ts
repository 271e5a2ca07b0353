/** Who was told that an alert fires is told of its end. */
import { describe, expect, it } from 'vitest';
import { Lab, MAIL, MINUTE } from '../lab.ts';
import { config } from './world.ts';

describe('the end of an alert that was told', () => {
  const end = async (lab: Lab): Promise<readonly string[]> => {
    await lab.post({ alertname: 'A' });
    await lab.after(MINUTE);
    await lab.silence('A', 60);
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
    await lab.silence('A', 600);
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
    await lab.silence('A', 600);
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
