/** `GET /deliveries`: whether receivers can be told, those first that cannot. */
import { jsonText } from '@vigie/promql/api/json-text';
import type { FastifyPluginAsync } from 'fastify';
import { formatApiTime } from '../api/api-time.ts';
import type { EventHistory } from '../history/event-history.ts';
import type { Claim } from '../outbox/outbox.ts';
import { deliveryHealth } from './delivery-health.ts';
import type { RateLimit } from './rate-limit.ts';
import type { Receiver } from './receiver.ts';

export interface DeliveriesWorld {
  readonly history: Pick<EventHistory, 'query'>;
  /** Of now, by name. */
  readonly receivers: () => ReadonlyMap<string, Receiver>;
  /** What has not arrived, as far as is known. */
  readonly claims: () => Iterable<Claim>;
  /** By the ids of integrations. */
  readonly limits: () => ReadonlyMap<string, Pick<RateLimit, 'waiting'>>;
}

export function deliveriesApi({ history, receivers, claims, limits }: DeliveriesWorld): FastifyPluginAsync {
  return async (app) => {
    app.get('/deliveries', async (_request, reply) => {
      const oldest = oldestOf(claims());
      const all = Array.from(receivers().values()).flatMap(({ name, integrations }) =>
        integrations.map(({ id, kind }) => ({ receiver: name, integration: id, kind })),
      );
      const health = deliveryHealth(
        history,
        all.map(({ integration }) => integration),
      );
      const deliveries = all.map((one) => {
        const known = health.get(one.integration);
        return {
          ...one,
          failingSince: timeOf(known?.failingSinceMs),
          problem: known?.problem ?? '',
          lastSent: timeOf(known?.lastSentMs),
          lastFailed: timeOf(known?.lastFailedMs),
          /** Of the oldest notification that is on its way. */
          unsentSince: timeOf(oldest.get(one.integration)),
          /** For the rate limit of the receiver. */
          waiting: limits().get(one.integration)?.waiting ?? 0,
        };
      });
      deliveries.sort((a, b) => Number(b.failingSince !== null) - Number(a.failingSince !== null));
      reply.headers({ 'content-type': 'application/json', 'cache-control': 'no-store' });
      return reply.send(Buffer.from(`${jsonText({ deliveries })}\n`));
    });
  };
}

/** By the ids of integrations, Unix ms. */
function oldestOf(claims: Iterable<Claim>): ReadonlyMap<string, number> {
  const oldest = new Map<string, number>();
  for (const { integration, beganAtMs } of claims)
    oldest.set(integration, Math.min(oldest.get(integration) ?? beganAtMs, beganAtMs));
  return oldest;
}

function timeOf(timeMs: number | undefined): string | null {
  return timeMs === undefined ? null : formatApiTime(timeMs);
}
