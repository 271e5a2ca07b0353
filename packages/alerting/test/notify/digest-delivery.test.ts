import { LabelSet } from '@vigie/promql/labels/label-set';
import { describe, expect, it } from 'vitest';
import type { Deliverable, Delivery } from '../../src/notify/deliver.ts';
import { DigestDelivery } from '../../src/notify/digest-delivery.ts';
import type { Notification } from '../../src/receivers/integration.ts';
import { alertOf } from '../dispatch/world.ts';

const FAILED: Delivery = { kind: 'failed', reason: '500' };
const ABORTED: Delivery = { kind: 'aborted', reason: undefined };

function notificationOf(name: string): Notification {
  return {
    receiver: 'a',
    groupKey: name,
    groupLabels: LabelSet.of({ alertname: name }),
    routeLabels: {},
    reason: 'first notification',
    alerts: [alertOf({ alertname: name })],
    timeMs: 0,
  };
}

/** Of groups A, B and C, and whoever sends it. */
class Digest {
  readonly owned = new Set(['A', 'B', 'C']);
  readonly became = new Map<string, Delivery>();
  readonly times = new Map([...this.owned].map((name) => [name, new AbortController()] as const));
  readonly ended: Promise<void>;
  signal: AbortSignal | undefined;
  #digest: Deliverable | undefined;
  #finish: (delivery: Delivery) => void = () => undefined;

  constructor() {
    const parts = [...this.times].map(([name, { signal }]) => ({
      notification: notificationOf(name),
      signal,
      resolve: (delivery: Delivery | Promise<Delivery>): void => {
        void Promise.resolve(delivery).then((known) => this.became.set(name, known));
      },
    }));
    this.ended = new DigestDelivery(parts, 20, (key) => this.owned.has(key)).tell((digest, signal) => {
      this.#digest = digest;
      this.signal = signal;
      return new Promise((resolve) => {
        this.#finish = resolve;
      });
    });
  }

  /** Begins an attempt.
   *  @returns the alerts that it tells of; undefined: there is nothing to tell */
  attempt(): string | undefined {
    return this.#digest
      ?.next()
      ?.alerts.map(({ labels }) => labels.get('alertname'))
      .join('');
  }

  async finish(delivery: Delivery): Promise<void> {
    this.#finish(delivery);
    await this.ended;
    await this.settled();
  }

  /** What is known by now of what has become of each. */
  async settled(): Promise<Readonly<Record<string, Delivery>>> {
    await new Promise((resolve) => setImmediate(resolve));
    return Object.fromEntries(this.became);
  }
}

describe('a digest on its way', () => {
  it('is all of them, and so is its outcome', async () => {
    const digest = new Digest();
    expect(digest.attempt()).toBe('ABC');
    await digest.finish({ kind: 'sent' });
    expect(Object.fromEntries(digest.became)).toEqual({
      A: { kind: 'sent' },
      B: { kind: 'sent' },
      C: { kind: 'sent' },
    });
  });

  it('goes on without a group that another replica has taken: that one tells of it', async () => {
    const digest = new Digest();
    digest.attempt();
    digest.owned.delete('B');
    expect(digest.attempt()).toBe('AC');
    expect(await digest.settled()).toEqual({ B: ABORTED });
    await digest.finish(FAILED);
    expect(Object.fromEntries(digest.became)).toEqual({ A: FAILED, B: ABORTED, C: FAILED });
  });

  it('is told without one whose time is over since', async () => {
    const digest = new Digest();
    digest.attempt();
    digest.times.get('C')?.abort();
    expect(await digest.settled()).toEqual({ C: ABORTED });
    expect(digest.attempt()).toBe('AB');
  });

  it('does not keep one whose time is over while an attempt is under way: others may wait for it for longer', async () => {
    const digest = new Digest();
    digest.attempt();
    digest.times.get('A')?.abort();
    expect(await digest.settled()).toEqual({ A: ABORTED });
    expect(digest.signal?.aborted).toBe(false);
    await digest.finish({ kind: 'sent' });
    expect(Object.fromEntries(digest.became)).toEqual({ A: ABORTED, B: { kind: 'sent' }, C: { kind: 'sent' } });
  });

  it('ends when nobody waits for it any more', async () => {
    const digest = new Digest();
    digest.attempt();
    for (const time of digest.times.values()) time.abort();
    expect(digest.signal?.aborted).toBe(true);
    expect(digest.attempt()).toBeUndefined();
    await digest.finish(ABORTED);
    expect(Object.fromEntries(digest.became)).toEqual({ A: ABORTED, B: ABORTED, C: ABORTED });
  });
});
