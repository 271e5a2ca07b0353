import { FakeClock } from '@vigie/core/fake-clock';
import { expect, it } from 'vitest';
import { AlertStore, DEFAULT_ALERT_LIMITS } from '../src/alerts/alert-store.ts';
import { NotificationLog } from '../src/dispatch/notification-log.ts';
import { Outbox } from '../src/outbox/outbox.ts';
import { serviceHealth } from '../src/service-health.ts';
import { SilenceStore } from '../src/silences/silence-store.ts';
import { AlertingState } from '../src/state/alerting-state.ts';

it('knows the oldest of more notifications on their way than a call has room for', () => {
  const outbox = new Outbox();
  for (let group = 0; group < 200_000; group++) {
    const beganAtMs = 300_000 - group;
    outbox.claim({ groupId: `${group}`, group: `${group}`, integration: 'a', claimedAtMs: beganAtMs, beganAtMs });
  }
  const silences = new SilenceStore({ clock: new FakeClock(), newId: () => '', retentionMs: 1 });
  const state = new AlertingState({
    alerts: new AlertStore(DEFAULT_ALERT_LIMITS),
    silences,
    notifications: new NotificationLog(1),
    outbox,
  });
  const parts = { engine: { state, stateLog: undefined }, rules: undefined, ha: undefined };
  expect(serviceHealth(parts, 300_000).oldestUnsentMs).toBe(100_001);
});
