/** Who is told, and what of Vigie's own options holds for it. */
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
}

export interface Fallback {
  /** Name of a receiver. */
  readonly receiver: string;
  /** After so many attempts at one notification that failed; one that may not be tried again is enough. */
  readonly afterFailures: number;
}

export const NO_OPTIONS: ReceiverOptions = { fallback: undefined, rateLimit: undefined };
