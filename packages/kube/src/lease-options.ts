/** How long a lease is held, and how often it is asked for. */
import { VigieError } from '@vigie/core/errors';

export interface LeaseOptions {
  readonly namespace: string;
  readonly name: string;
  /** Of this process, and of no other: the pod's name, say. */
  readonly identity: string;
  /** How long a record must be seen unchanged before another one takes the lease. Whole seconds. */
  readonly leaseDurationMs?: number;
  /** A leader that could not renew for so long stops. Less than leaseDurationMs. */
  readonly renewDeadlineMs?: number;
  /** Between two attempts. */
  readonly retryPeriodMs?: number;
  /** Of a lease that this process creates. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** client-go's defaults for core components. */
const DEFAULT_LEASE_DURATION_MS = 15_000;
const DEFAULT_RENEW_DEADLINE_MS = 10_000;
const DEFAULT_RETRY_PERIOD_MS = 2000;
/** client-go's: an acquiring process waits between 1 and 2.2 periods, so that those waiting do not try together. */
export const JITTER_FACTOR = 1.2;

/** @throws {VigieError} LEASE_OPTIONS_INVALID when the durations do not keep two leaders apart */
export function completeLeaseOptions(options: LeaseOptions): Required<LeaseOptions> {
  const complete = {
    leaseDurationMs: DEFAULT_LEASE_DURATION_MS,
    renewDeadlineMs: DEFAULT_RENEW_DEADLINE_MS,
    retryPeriodMs: DEFAULT_RETRY_PERIOD_MS,
    labels: {},
    ...options,
  };
  checkOptions(complete);
  return complete;
}

function checkOptions({ leaseDurationMs, renewDeadlineMs, retryPeriodMs, identity }: Required<LeaseOptions>): void {
  const wrong =
    leaseDurationMs % 1000 !== 0 || leaseDurationMs < 1000
      ? 'leaseDurationMs must be whole seconds'
      : leaseDurationMs <= renewDeadlineMs
        ? 'leaseDurationMs must be greater than renewDeadlineMs'
        : renewDeadlineMs <= retryPeriodMs * JITTER_FACTOR || retryPeriodMs <= 0
          ? 'renewDeadlineMs must be greater than retryPeriodMs * 1.2'
          : identity === ''
            ? 'identity must not be empty'
            : undefined;
  if (wrong !== undefined) throw new VigieError('LEASE_OPTIONS_INVALID', wrong);
}
