/** Whether each way to tell a receiver works, by what the history has of it. Pure. */

import type { EventHistory } from '../history/event-history.ts';
import type { EventKind } from '../history/history-event.ts';

export interface DeliveryHealth {
  /** Unix ms; undefined: as far as the history goes, never. */
  readonly lastSentMs: number | undefined;
  readonly lastFailedMs: number | undefined;
  /** The first failure since anything was sent; undefined: the last attempt went well, or there was none. */
  readonly failingSinceMs: number | undefined;
  /** Of the last failure since then; '' where there is none. */
  readonly problem: string;
}

const UNKNOWN: DeliveryHealth = {
  lastSentMs: undefined,
  lastFailedMs: undefined,
  failingSinceMs: undefined,
  problem: '',
};

const ATTEMPTS: ReadonlySet<EventKind> = new Set(['sent', 'failed']);

/** @param integrations ids
 *  @returns by these ids
 *  Cost: O(events of the history). */
export function deliveryHealth(
  history: Pick<EventHistory, 'query'>,
  integrations: readonly string[],
): ReadonlyMap<string, DeliveryHealth> {
  const health = new Map(integrations.map((id) => [id, UNKNOWN]));
  const everything = { matchers: [], fingerprint: undefined, receiver: undefined, fromMs: -Infinity, toMs: Infinity };
  const { events } = history.query({ ...everything, kinds: ATTEMPTS, before: Infinity, limit: Infinity });
  for (const { event } of events) {
    if (event.kind !== 'sent' && event.kind !== 'failed') continue;
    const known = health.get(event.integration);
    if (known !== undefined) health.set(event.integration, withEarlier(known, event));
  }
  return health;
}

function withEarlier(
  known: DeliveryHealth,
  { kind, timeMs, problem }: { readonly kind: 'sent' | 'failed'; readonly timeMs: number; readonly problem: string },
): DeliveryHealth {
  if (kind === 'sent') return { ...known, lastSentMs: known.lastSentMs ?? timeMs };
  const lastFailedMs = known.lastFailedMs ?? timeMs;
  if (known.lastSentMs !== undefined) return { ...known, lastFailedMs };
  return { ...known, lastFailedMs, failingSinceMs: timeMs, problem: known.problem || problem };
}
