/** A heartbeat that others send to us: when it was heard last, and whether it is missing. Pure. */

export interface ExpectedHeartbeat {
  readonly name: string;
  readonly everyMs: number;
  /** How late it may be. */
  readonly graceMs: number;
  /** Of the alert, beside its own. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface HeartbeatState {
  /** When it was heard last, or first waited for: Unix ms. */
  readonly heardAtMs: number;
  /** Since when it is missing; undefined: it is not. */
  readonly missingSinceMs: number | undefined;
}

/** @param startedAtMs of the service: nobody could be heard before */
export function deadlineMs(
  { heardAtMs }: HeartbeatState,
  { everyMs, graceMs }: Pick<ExpectedHeartbeat, 'everyMs' | 'graceMs'>,
  startedAtMs: number,
): number {
  return Math.max(heardAtMs, startedAtMs) + everyMs + graceMs;
}
