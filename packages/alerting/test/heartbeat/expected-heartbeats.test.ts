/** Heartbeats of others, on a fake clock. */
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { describe, expect, it } from 'vitest';
import type { ExpectedHeartbeat, HeartbeatState } from '../../src/heartbeat/expected-heartbeat.ts';
import { ExpectedHeartbeats } from '../../src/heartbeat/expected-heartbeats.ts';
import { decodeStateRecord, encodeStateRecord } from '../../src/state/state-record.ts';

const MINUTE = 60_000;
const BACKUP: ExpectedHeartbeat = {
  ...{ name: 'backup', everyMs: 10 * MINUTE, graceMs: MINUTE },
  labels: { severity: 'page', heartbeat: 'not this' },
  annotations: { runbook_url: 'https://wiki.example/backup' },
};

class Bed {
  readonly clock = new FakeClock(0);
  /** As a restart finds it. */
  disk = new Map<string, HeartbeatState>();
  /** `minute: firing` */
  readonly diary: string[] = [];
  readonly alerts: object[] = [];
  isBroken = false;
  heartbeats = this.#start();

  restart(): void {
    this.heartbeats.close();
    this.heartbeats = this.#start();
  }

  async minutes(count: number): Promise<readonly string[]> {
    await this.clock.advance(count * MINUTE);
    return this.diary.splice(0);
  }

  #start(): ExpectedHeartbeats {
    return new ExpectedHeartbeats(new Map(this.disk), {
      clock: this.clock,
      log: createLog('error', { write: () => undefined }),
      persist: async (records) => {
        if (this.isBroken) throw new Error('the disk is full');
        for (const record of records) {
          const kept = decodeStateRecord(encodeStateRecord(record));
          if (kept?.kind !== 'heartbeat') throw new Error('no such record');
          if (kept.state === undefined) this.disk.delete(kept.name);
          else this.disk.set(kept.name, kept.state);
        }
      },
      post: async ([alert]) => {
        if (alert === undefined) return;
        const nowMs = this.clock.nowMs();
        this.alerts.push({ ...alert, labels: alert.labels.toJSON(), annotations: alert.annotations.toJSON() });
        const isOver = alert.endsAtMs !== undefined && alert.endsAtMs <= nowMs;
        this.diary.push(`${nowMs / MINUTE}: ${isOver ? 'over' : 'fires'}, since ${alert.startsAtMs / MINUTE}`);
      },
    });
  }
}

describe('a heartbeat that is expected', () => {
  it('raises an alert when it is late by more than its grace, which ends with the next', async () => {
    const bed = new Bed();
    bed.heartbeats.apply([BACKUP]);
    await bed.minutes(5);
    expect(await bed.heartbeats.hear('backup')).toBe(true);
    expect(await bed.minutes(10.99)).toEqual([]);
    expect(await bed.minutes(2.01)).toEqual(['16: fires, since 16', '17: fires, since 16', '18: fires, since 16']);
    expect(bed.alerts[0]).toMatchObject({
      labels: { alertname: 'HeartbeatMissing', heartbeat: 'backup', severity: 'page' },
      annotations: { summary: expect.any(String), runbook_url: 'https://wiki.example/backup' },
      endsAtMs: 20 * MINUTE,
    });
    await bed.heartbeats.hear('backup');
    expect(await bed.minutes(10)).toEqual(['18: over, since 16']);
    expect(bed.heartbeats.isMissing('backup')).toBe(false);
  });

  it('that nobody ever sent is late, too', async () => {
    const bed = new Bed();
    bed.heartbeats.apply([BACKUP]);
    expect(await bed.minutes(11)).toEqual(['11: fires, since 11']);
  });

  it('goes on being missing over a restart', async () => {
    const bed = new Bed();
    bed.heartbeats.apply([BACKUP]);
    await bed.minutes(12);
    bed.restart();
    bed.heartbeats.apply([BACKUP]);
    expect(await bed.minutes(1)).toEqual(['12: fires, since 11', '13: fires, since 11']);
    await bed.heartbeats.hear('backup');
    bed.restart();
    bed.heartbeats.apply([BACKUP]);
    expect(await bed.minutes(10)).toEqual(['13: over, since 11']);
  });

  it('could not be heard while nobody listened: it has its time after a start', async () => {
    const bed = new Bed();
    bed.heartbeats.apply([BACKUP]);
    await bed.minutes(1);
    bed.heartbeats.close();
    await bed.minutes(60);
    bed.restart();
    bed.heartbeats.apply([BACKUP]);
    expect(await bed.minutes(10.99)).toEqual([]);
    expect(await bed.minutes(0.01)).toEqual(['72: fires, since 72']);
  });

  it('ends with its configuration, and so does its alert', async () => {
    const bed = new Bed();
    bed.heartbeats.apply([BACKUP]);
    await bed.minutes(11);
    bed.heartbeats.apply([]);
    expect(await bed.minutes(30)).toEqual(['11: over, since 11']);
    expect(await bed.heartbeats.hear('backup')).toBe(false);
    expect(bed.disk.size).toBe(0);
    expect(bed.clock.pendingTimers).toBe(0);
  });

  it('is heard though the disk does not take it, and who sent it is told', async () => {
    const bed = new Bed();
    bed.heartbeats.apply([BACKUP]);
    await bed.minutes(11);
    bed.isBroken = true;
    await expect(bed.heartbeats.hear('backup')).rejects.toThrow('the disk is full');
    expect(bed.heartbeats.isMissing('backup')).toBe(false);
  });
});
