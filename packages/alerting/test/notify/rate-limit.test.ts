import { getEventListeners } from 'node:events';
import { FakeClock } from '@vigie/core/fake-clock';
import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it } from 'vitest';
import { RateLimit, type RateLimitDeps } from '../../src/notify/rate-limit.ts';
import { MINUTE, SECOND } from '../lab.ts';

const never = new AbortController().signal;

class Sender {
  readonly clock = new FakeClock();
  /** Seconds at which something was sent. */
  readonly sentAt: number[] = [];
  readonly limit: RateLimit;

  /** Six a minute, one by one. */
  constructor(deps: Omit<RateLimitDeps, 'clock'>) {
    const options = { notifications: 6, periodMs: MINUTE, digest: false, digestAlerts: 20 };
    this.limit = new RateLimit(options, 'webhook', { ...deps, clock: this.clock });
  }

  async send(count: number, signal = never): Promise<void> {
    for (let index = 0; index < count; index++) {
      const notification = {
        receiver: 'a',
        groupKey: 'g',
        groupLabels: LabelSet.empty,
        routeLabels: {},
        reason: 'first notification',
        alerts: [],
        timeMs: 0,
      } as const;
      void this.limit.pass(notification, signal, async (deliverable) => {
        if (deliverable.next() === undefined) return { kind: 'aborted', reason: undefined };
        this.sentAt.push(Math.round(this.clock.monotonicMs() / SECOND));
        return { kind: 'sent' };
      });
    }
    await this.clock.advance(0);
  }
}

describe('the rate of a receiver', () => {
  it('is shared by replicas as the groups are', async () => {
    const sender = new Sender({ portion: () => 1 / 3 });
    await sender.send(5);
    await sender.clock.advance(2 * MINUTE);
    // A third of six at once, and of one each ten seconds.
    expect(sender.sentAt).toEqual([0, 0, 30, 60, 90]);
  });

  it('lets the smallest part tell of something', async () => {
    const sender = new Sender({ portion: () => 1 / 12 });
    await sender.send(2);
    await sender.clock.advance(5 * MINUTE);
    expect(sender.sentAt).toEqual([0, 120]);
  });

  it('is the whole when a replica has all groups, also for what waits already', async () => {
    let portion = 1 / 6;
    const sender = new Sender({ portion: () => portion });
    await sender.send(4);
    await sender.clock.advance(5 * SECOND);
    portion = 1;
    await sender.clock.advance(MINUTE);
    expect(sender.sentAt[0]).toBe(0);
    expect(sender.sentAt.slice(1).every((at) => at <= 30)).toBe(true);
    expect(sender.sentAt).toHaveLength(4);
  });

  it('hears the end of a time once, however many wait until then', async () => {
    const { signal } = new AbortController();
    const sender = new Sender({ portion: () => 1 });
    await sender.send(36, signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await sender.clock.advance(5 * MINUTE);
    expect(sender.sentAt).toHaveLength(36);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('is not asked for a group that another replica has by the time that it would be told', async () => {
    let isOwned = true;
    const sender = new Sender({ ownsGroup: () => isOwned });
    await sender.send(7);
    isOwned = false;
    await sender.clock.advance(MINUTE);
    expect(sender.sentAt).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('that is another from now on counts what was told before, and lets on what waits', async () => {
    const sender = new Sender({});
    await sender.send(8);
    expect(sender.sentAt).toEqual([0, 0, 0, 0, 0, 0]);
    sender.limit.retune({ notifications: 60, periodMs: MINUTE, digest: false, digestAlerts: 20 });
    await sender.clock.advance(2 * SECOND);
    expect(sender.sentAt.slice(6)).toEqual([1, 2]);
    await sender.clock.advance(MINUTE);
    sender.limit.retune({ notifications: 2, periodMs: MINUTE, digest: false, digestAlerts: 20 });
    await sender.send(3);
    await sender.clock.advance(MINUTE);
    expect(sender.sentAt.slice(8)).toEqual([62, 62, 92]);
  });
});
