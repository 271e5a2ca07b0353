/** Random changes, snapshots and losses of power against a model: whatever was said to be on the disk is there. */
import { FakeClock } from '@vigie/core/fake-clock';
import { seededRandom } from '@vigie/core/random';
import { describe, expect, it } from 'vitest';
import { AlertStore } from '../../src/alerts/alert-store.ts';
import type { Flush } from '../../src/dispatch/alert-group.ts';
import { NotificationLog } from '../../src/dispatch/notification-log.ts';
import { AlertMatcher } from '../../src/matchers/alert-matcher.ts';
import { Outbox } from '../../src/outbox/outbox.ts';
import { SilenceStore } from '../../src/silences/silence-store.ts';
import { AlertingState } from '../../src/state/alerting-state.ts';
import { openState, type StateLog } from '../../src/state/state-log.ts';
import { encodeStateRecord, type StateRecord } from '../../src/state/state-record.ts';
import { posted } from '../alerts/alerts.ts';
import { MemoryFs } from './memory-fs.ts';

const FOLDER = '/data/alerting';
const HOUR = 3_600_000;
const RULES = { sendResolved: true, repeatIntervalMs: HOUR, owesResolves: true };

class Torture {
  readonly #clock = new FakeClock(1_000_000);
  readonly #random: () => number;
  #fs = new MemoryFs();
  #state = this.#emptyState();
  #log: StateLog | undefined;
  #ids = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  async run(steps: number): Promise<void> {
    await this.#open();
    for (let step = 0; step < steps; step++) await this.#step();
    await this.#crash();
  }

  #emptyState(): AlertingState {
    return new AlertingState({
      alerts: new AlertStore({ alerts: 1000, alertSize: 1000 }),
      silences: new SilenceStore({ clock: this.#clock, newId: () => `id-${this.#ids++}`, retentionMs: HOUR }),
      notifications: new NotificationLog(100 * HOUR),
      outbox: new Outbox(),
    });
  }

  async #open(): Promise<void> {
    const { log, records, damaged } = await openState(FOLDER, this.#fs);
    expect(damaged).toBe(0);
    this.#log = log;
    this.#state = this.#emptyState();
    this.#state.restore(records);
  }

  /** Loses power, with a write under way of which some part has reached the disk. */
  async #crash(): Promise<void> {
    const before = this.#known();
    const unsure = this.#log?.append([{ kind: 'group', id: 'unsure', nextFlushMs: 1 }]).catch(() => undefined);
    this.#fs = new MemoryFs(this.#fs.contents(this.#random()));
    await unsure;
    await this.#open();
    expect(this.#known()).toEqual(before);
  }

  #known(): readonly string[] {
    return Array.from(this.#state.records(), encodeStateRecord)
      .filter((text) => !text.includes('"unsure"'))
      .sort();
  }

  async #step(): Promise<void> {
    await this.#clock.advance(this.#below(5000));
    const records = this.#change();
    const snapshot = this.#below(20) === 0 ? this.#log?.snapshot(() => this.#state.records()) : undefined;
    await Promise.all([this.#log?.append(records), snapshot]);
    if (this.#below(10) === 0) await this.#crash();
  }

  #change(): readonly StateRecord[] {
    const nowMs = this.#clock.nowMs();
    const group = `{}:{g="${this.#below(5)}"}`;
    const integration = `r/webhook/${this.#below(2)}`;
    switch (this.#below(6)) {
      case 0:
      case 1: {
        const alerts = Array.from({ length: 1 + this.#below(5) }, () =>
          posted(
            { alertname: `A${this.#below(30)}` },
            {
              startsAtMs: nowMs - this.#below(9000),
              endsAtMs: nowMs + this.#below(9000) - 3000,
              updatedAtMs: nowMs,
              hasTimeout: this.#below(2) === 0,
            },
          ),
        );
        return this.#state.alerts.put(alerts, nowMs).taken.map((alert) => ({ kind: 'alert', alert }));
      }
      case 2: {
        const nextFlushMs = this.#below(4) === 0 ? undefined : nowMs + this.#below(9000);
        const record: StateRecord = { kind: 'group', id: group, nextFlushMs };
        this.#state.restore([record]);
        return [record];
      }
      case 3: {
        const claim = { groupId: group, group, integration, claimedAtMs: nowMs, beganAtMs: nowMs };
        this.#state.outbox.claim(claim);
        return [{ kind: 'claim', claim }];
      }
      case 4: {
        const alerts = [...this.#state.alerts.all()].slice(0, this.#below(6));
        const flush: Flush = { timeMs: nowMs, alerts, resolved: alerts.slice(0, this.#below(3)) };
        const inPlace = ['spare/webhook/0', 'spare/webhook/1'].slice(this.#below(3));
        const told = { own: this.#below(2) === 0, inPlace, kept: undefined };
        const entry = this.#state.notifications.record(group, integration, flush, RULES, told);
        this.#state.outbox.settle({ group, integration });
        return [{ kind: 'told', group, integration, entry }];
      }
      default: {
        const { silences } = this.#state;
        const known = silences.query({ states: ['active'] });
        const old = known[this.#below(known.length + 1)];
        const silence =
          old === undefined
            ? silences.set({
                matcherSets: [[new AlertMatcher('alertname', '=~', `A${this.#below(30)}.*`)]],
                startsAtMs: nowMs,
                endsAtMs: nowMs + 1000 * HOUR,
                createdBy: 'me',
                comment: '',
                annotations: {},
              })
            : silences.expire(old.id);
        return [{ kind: 'silence', silence }];
      }
    }
  }

  #below(count: number): number {
    return Math.floor(this.#random() * count);
  }
}

describe('the state', () => {
  it.each([1, 2, 3, 4, 5])('is what was said to be on the disk, seed %d', async (seed) => {
    await new Torture(seed).run(200);
  });
});
