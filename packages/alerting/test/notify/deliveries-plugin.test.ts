import { LabelSet } from '@vigie/promql/labels/label-set';
import { fastify } from 'fastify';
import { expect, it, onTestFinished } from 'vitest';
import { EventHistory } from '../../src/history/event-history.ts';
import type { SendEvent } from '../../src/history/history-event.ts';
import { deliveriesApi } from '../../src/notify/deliveries-plugin.ts';
import { NO_OPTIONS } from '../../src/notify/receiver.ts';

const NOW = Date.UTC(2026, 10, 29, 10);
const MINUTE = 60_000;

const attempt = (integration: string, minute: number, problem = ''): SendEvent => ({
  ...{ kind: problem === '' ? 'sent' : 'failed', timeMs: NOW + minute * MINUTE, receiver: 'x', integration, problem },
  ...{ groupKey: '{}:{}', groupLabels: LabelSet.empty, reason: 'first notification', firing: [], resolved: [] },
  ...{ attempt: 1, latencyMs: 5 },
});

async function deliveries(...events: readonly SendEvent[]): Promise<unknown> {
  const history = new EventHistory();
  for (const event of events) history.record(event);
  const integration = (id: string) => ({
    ...{ id, kind: 'webhook', sendsResolved: true },
    send: async () => ({ kind: 'sent' }) as const,
  });
  const receivers = new Map(
    ['mail', 'pager'].map((name) => [
      name,
      { name, integrations: [integration(`${name}/webhook/0`)], options: NO_OPTIONS },
    ]),
  );
  const claim = {
    groupId: 'g',
    group: 'g',
    integration: 'pager/webhook/0',
    claimedAtMs: NOW + 9 * MINUTE,
    beganAtMs: NOW,
  };
  const app = fastify();
  onTestFinished(() => app.close());
  await app.register(
    deliveriesApi({
      history,
      receivers: () => receivers,
      claims: () => [{ ...claim, group: 'h', beganAtMs: NOW + MINUTE }, claim],
      limits: () => new Map([['mail/webhook/0', { waiting: 3 }]]),
    }),
  );
  return JSON.parse((await app.inject('/deliveries')).body).deliveries;
}

const NEVER = { failingSince: null, problem: '', lastSent: null, lastFailed: null };

it('says since when a receiver cannot be told, and why, before those that can', async () => {
  const told = await deliveries(
    attempt('pager/webhook/0', 1, 'status 500'),
    attempt('pager/webhook/0', 2),
    attempt('pager/webhook/0', 3, 'status 503'),
    attempt('mail/webhook/0', 3, 'refused'),
    attempt('mail/webhook/0', 4),
    attempt('pager/webhook/0', 5, 'no answer'),
    attempt('gone/webhook/0', 5),
  );
  expect(told).toEqual([
    {
      ...{ receiver: 'pager', integration: 'pager/webhook/0', kind: 'webhook', waiting: 0 },
      ...{ failingSince: '2026-11-29T10:03:00.000Z', problem: 'no answer' },
      ...{ lastSent: '2026-11-29T10:02:00.000Z', lastFailed: '2026-11-29T10:05:00.000Z' },
      unsentSince: '2026-11-29T10:00:00.000Z',
    },
    {
      ...{ receiver: 'mail', integration: 'mail/webhook/0', kind: 'webhook', waiting: 3 },
      ...{ failingSince: null, problem: '', lastSent: '2026-11-29T10:04:00.000Z' },
      ...{ lastFailed: '2026-11-29T10:03:00.000Z', unsentSince: null },
    },
  ]);
});

it('lists those that were never told', async () => {
  expect(await deliveries()).toMatchObject([
    { receiver: 'mail', ...NEVER },
    { receiver: 'pager', ...NEVER },
  ]);
});
