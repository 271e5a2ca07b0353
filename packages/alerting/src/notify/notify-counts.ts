/** What notifying has come to, for telemetry. Cheap to count; receivers and kinds are bounded by the configuration. */
import type { Integration } from '../receivers/integration.ts';
import type { Attempt } from './deliver.ts';
import type { FailureReason } from './failure-reason.ts';
import type { MuteCause } from './muting.ts';

export interface IntegrationCounts {
  notifications: number;
  readonly failed: Record<FailureReason, number>;
  requests: number;
  failedRequests: number;
}

export class NotifyCounts {
  readonly suppressed: Record<MuteCause, number> = {
    inhibition: 0,
    active_time_interval: 0,
    mute_time_interval: 0,
    silence: 0,
  };
  readonly fallbacks = new Map<string, number>();
  readonly integrations = new Map<string, { readonly kind: string } & IntegrationCounts>();
  readonly #observeLatency: (kind: string, seconds: number) => void;

  /** @param observeLatency of each attempt, by the kind of the integration */
  constructor(observeLatency: (kind: string, seconds: number) => void) {
    this.#observeLatency = observeLatency;
  }

  attempted({ integration, outcome, seconds }: Attempt): void {
    const counts = this.#of(integration);
    counts.requests += 1;
    if (outcome.kind !== 'sent' || outcome.problem !== undefined) counts.failedRequests += 1;
    this.#observeLatency(integration.kind, seconds);
  }

  /** @param failure undefined: it has arrived */
  delivered(integration: Integration, failure: FailureReason | undefined): void {
    const counts = this.#of(integration);
    counts.notifications += 1;
    if (failure !== undefined) counts.failed[failure] += 1;
  }

  fellBack(receiver: string): void {
    this.fallbacks.set(receiver, (this.fallbacks.get(receiver) ?? 0) + 1);
  }

  #of({ id, kind }: Integration): IntegrationCounts {
    const known = this.integrations.get(id);
    if (known !== undefined) return known;
    const counts = { kind, notifications: 0, failed: noFailures(), requests: 0, failedRequests: 0 };
    this.integrations.set(id, counts);
    return counts;
  }
}

function noFailures(): Record<FailureReason, number> {
  return {
    clientError: 0,
    serverError: 0,
    authError: 0,
    rateLimited: 0,
    contextCanceled: 0,
    contextDeadlineExceeded: 0,
    other: 0,
  };
}
