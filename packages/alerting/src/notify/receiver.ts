/** Who is told, and what of Vigie's own options holds for it. */
import type { ContextOptions } from '../context/context-options.ts';
import type { EscalationStep } from '../escalation/page.ts';
import type { Integration } from '../receivers/integration.ts';
import type { RateLimitOptions } from './rate-limit.ts';

export interface Receiver {
  readonly name: string;
  readonly integrations: readonly Integration[];
  readonly options: ReceiverOptions;
}

export interface ReceiverOptions {
  /** Who is told in its place where it cannot be. */
  readonly fallback: Fallback | undefined;
  /** Of each of its integrations. */
  readonly rateLimit: RateLimitOptions | undefined;
  /** What it wants to see beside the alerts; undefined: nothing. */
  readonly context?: ContextOptions | undefined;
  /** Who else is told, and when, of what nobody acknowledges. */
  readonly escalation?: readonly EscalationStep[] | undefined;
}

export interface Fallback {
  /** Name of a receiver. */
  readonly receiver: string;
  /** After so many attempts at one notification that failed; one that may not be tried again is enough. */
  readonly afterFailures: number;
  /** Of an attempt, at the receiver and at the fallback: who does not answer by then has failed. 0 unless given: the flush ends it. */
  readonly timeoutMs?: number | undefined;
}

export const NO_OPTIONS: ReceiverOptions = { fallback: undefined, rateLimit: undefined };

/** One of a receiver's ways to be told. */
export interface Addressee {
  readonly receiver: Receiver;
  readonly integration: Integration;
}

/** @param receivers by their names
 *  @returns undefined: there is no integration with this id */
export function addresseeOf(receivers: ReadonlyMap<string, Receiver>, id: string): Addressee | undefined {
  for (const receiver of receivers.values()) {
    const integration = receiver.integrations.find((one) => one.id === id);
    if (integration !== undefined) return { receiver, integration };
  }
  return undefined;
}

/** Ids of all ways to tell somebody. */
export function integrationIdsOf(receivers: ReadonlyMap<string, Receiver>): ReadonlySet<string> {
  return new Set([...receivers.values()].flatMap(({ integrations }) => integrations.map(({ id }) => id)));
}
