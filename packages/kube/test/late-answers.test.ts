/** A lease whose renewals are answered late, or never: what is done for it ends in time all the same. */
import type { Clock } from '@vigie/core/clock';
import { FakeClock } from '@vigie/core/fake-clock';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { KubeAnswer } from '../src/client.ts';
import { LeaseElector } from '../src/lease.ts';
import { logTo } from './fixture.ts';

/** A lease whose answers come when a test says so, to a process that can be stopped. */
class SlowLease {
  readonly told: string[] = [];
  readonly asked: string[] = [];
  readonly elector: LeaseElector;
  stopped: () => Promise<void> = async () => undefined;
  readonly #clock = new FakeClock();
  #jumpMs = 0;
  #answer: (answer: KubeAnswer) => void = () => undefined;
  #body: unknown;

  constructor() {
    const clock: Clock = {
      nowMs: () => this.#clock.nowMs(),
      monotonicMs: () => this.#clock.monotonicMs() + this.#jumpMs,
      setTimer: (delayMs, fire) => this.#clock.setTimer(delayMs, fire),
      sleep: (delayMs, signal) => this.#clock.sleep(delayMs, signal),
    };
    this.elector = new LeaseElector(
      {
        request: ({ method, body }, signal) => {
          this.asked.push(method);
          this.#body = body;
          return new Promise((resolve, reject) => {
            this.#answer = resolve;
            signal.addEventListener('abort', () => reject(signal.reason));
          });
        },
      },
      {
        namespace: 'logs',
        name: 'events',
        identity: 'pod-a',
        leaseDurationMs: 6000,
        renewDeadlineMs: 4000,
        retryPeriodMs: 2000,
      },
      {
        started: (signal) => {
          this.told.push(this.elector.isLeader ? 'started' : 'started too late');
          signal.addEventListener('abort', () => this.told.push('signal'));
        },
        stopped: () => {
          this.told.push('stopped');
          return this.stopped();
        },
      },
      { clock, random: () => 0, log: logTo([]) },
    );
    const end = new AbortController();
    onTestFinished(() => end.abort(new Error('the test is over')));
    this.elector.start(end.signal);
  }

  after(ms: number): Promise<void> {
    return this.#clock.advance(ms);
  }

  /** Time passes, and none of its timers is heard of. */
  jump(ms: number): void {
    this.#jumpMs += ms;
  }

  /** What was written is there. */
  async written(): Promise<void> {
    const metadata = { name: 'events', namespace: 'logs', resourceVersion: String(this.asked.length) };
    await this.#come({ status: 'ok', httpStatus: 200, body: { ...Object(this.#body), metadata } });
  }

  async refused(httpStatus: number): Promise<void> {
    const refusal = { reason: '', message: '', causes: [], retryAfterMs: undefined };
    await this.#come({ status: 'refused', httpStatus, ...refusal });
  }

  async lead(): Promise<void> {
    await this.after(0);
    await this.refused(404);
    await this.written();
  }

  async #come(answer: KubeAnswer): Promise<void> {
    this.#answer(answer);
    await this.after(0);
  }
}

describe('an answer that comes late', () => {
  test('behind the deadline, ends what was done before it renews', async () => {
    const lease = new SlowLease();
    await lease.lead();
    await lease.after(2000);
    expect(lease.asked).toEqual(['GET', 'POST', 'PUT']);
    // The process is stopped: its deadline is over, and of this renewal a second is left.
    lease.jump(3000);
    expect(lease.elector.isLeader).toBe(false);
    await lease.written();
    expect(lease.told).toEqual(['started', 'signal', 'stopped', 'started']);
    expect(lease.elector.isLeader).toBe(true);
    await lease.after(1000);
    expect(lease.told.slice(4)).toEqual(['signal', 'stopped']);
  });

  test('behind its own deadline as well, begins nothing', async () => {
    const lease = new SlowLease();
    await lease.lead();
    await lease.after(2000);
    lease.jump(10_000);
    await lease.written();
    await lease.after(100);
    expect(lease.told).toEqual(['started', 'signal', 'stopped']);
    expect(lease.elector.isLeader).toBe(false);
  });

  test('to the first write, begins nothing either', async () => {
    const lease = new SlowLease();
    await lease.after(0);
    await lease.refused(404);
    lease.jump(5000);
    await lease.written();
    expect(lease.told).toEqual([]);
  });

  test('never: it asks again before others may take what still names it', async () => {
    const lease = new SlowLease();
    await lease.lead();
    await lease.after(4000);
    expect(lease.told).toEqual(['started', 'signal', 'stopped']);
    const asked = lease.asked.length;
    await lease.after(500);
    expect(lease.asked.slice(asked)).toEqual(['PUT']);
    await lease.written();
    expect(lease.told.slice(3)).toEqual(['started']);
  });

  test('begins nothing while what was done for the lease before is yet to end', async () => {
    const lease = new SlowLease();
    let ended = (): void => undefined;
    lease.stopped = () =>
      new Promise((resolve) => {
        ended = resolve;
      });
    await lease.lead();
    await lease.after(4000);
    await lease.after(5000);
    expect(lease.told).toEqual(['started', 'signal', 'stopped']);
    const asked = lease.asked.length;
    ended();
    await lease.after(0);
    expect(lease.asked.length).toBe(asked + 1);
  });
});
