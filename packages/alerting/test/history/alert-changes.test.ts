import { describe, expect, it } from 'vitest';
import { AlertChanges } from '../../src/history/alert-changes.ts';
import type { AlertEvent } from '../../src/history/history-event.ts';
import { posted } from '../alerts/alerts.ts';

const A = { alertname: 'A' };

function noted(changes: AlertChanges, alert: Parameters<AlertChanges['note']>[0], nowMs: number) {
  return changes.note(alert, nowMs).map(({ kind, timeMs }) => [kind, timeMs]);
}

describe('an alert that comes', () => {
  it('is an event when it is new, when its annotations change, and when it ends', () => {
    const changes = new AlertChanges();
    expect(noted(changes, posted(A, { endsAtMs: 300 }), 100)).toEqual([['created', 100]]);
    expect(noted(changes, posted(A, { endsAtMs: 400 }), 200)).toEqual([]);
    expect(noted(changes, posted(A, { endsAtMs: 400 }, { summary: 's' }), 250)).toEqual([['changed', 250]]);
    expect(noted(changes, posted(A, { endsAtMs: 290 }), 300)).toEqual([['resolved', 290]]);
    expect(noted(changes, posted(A, { endsAtMs: 290 }), 310)).toEqual([]);
    expect(noted(changes, posted(A, { endsAtMs: 900 }), 400)).toEqual([['created', 400]]);
  });

  it('had ended before, where nobody told of it until its end', () => {
    const changes = new AlertChanges();
    changes.note(posted(A, { endsAtMs: 300 }), 100);
    expect(noted(changes, posted(A, { startsAtMs: 400, endsAtMs: 900 }), 500)).toEqual([
      ['resolved', 300],
      ['created', 500],
    ]);
  });

  it('is none where it was there before a restart', () => {
    const changes = new AlertChanges();
    changes.restore(posted(A, { endsAtMs: 300 }), 100);
    changes.restore(posted({ alertname: 'B' }, { endsAtMs: 50 }), 100);
    expect(noted(changes, posted(A, { endsAtMs: 400 }), 200)).toEqual([]);
    expect(changes.ended(1000).map(({ labels, timeMs }) => [labels.get('alertname'), timeMs])).toEqual([['A', 400]]);
    expect(changes.ended(1000)).toEqual([]);
  });

  it('ends for a reason: it is told of, its rule knows why, or nobody tells of it any more', () => {
    const changes = new AlertChanges();
    const reasonsOf = (events: readonly AlertEvent[]) => events.map(({ reason }) => reason);
    changes.note(posted(A, { endsAtMs: 300 }), 100);
    expect(reasonsOf(changes.note(posted(A, { endsAtMs: 250, updatedAtMs: 260 }), 260))).toEqual(['recovered']);
    expect(reasonsOf(changes.note(posted(A, { endsAtMs: 600 }), 300))).toEqual([undefined]);
    const gone = { ...posted(A, { endsAtMs: 350, updatedAtMs: 360 }), resolveReason: 'no_data' } as const;
    expect(reasonsOf(changes.note(gone, 360))).toEqual(['no_data']);
    changes.note(posted(A, { endsAtMs: 600, updatedAtMs: 400 }), 400);
    expect(reasonsOf(changes.ended(1000))).toEqual(['expired']);
  });
});
