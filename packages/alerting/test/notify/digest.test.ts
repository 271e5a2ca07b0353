import { LabelSet } from '@vigie/promql/labels/label-set';
import { expect, it } from 'vitest';
import { digestOf } from '../../src/notify/digest.ts';
import type { Notification } from '../../src/receivers/integration.ts';
import { alertOf } from '../dispatch/world.ts';

it('is made of more notifications than a call may have arguments', () => {
  const alerts = [alertOf({ alertname: 'A' })];
  const groupLabels = LabelSet.of({ alertname: 'A' });
  const notifications = Array.from({ length: 200_000 }, (_, timeMs): Notification => {
    const reason = 'first notification';
    return { receiver: 'a', groupKey: `${timeMs}`, groupLabels, routeLabels: {}, reason, alerts, timeMs };
  });
  expect(digestOf(notifications, 20)).toMatchObject({ alerts, timeMs: 199_999, groupLabels });
});
