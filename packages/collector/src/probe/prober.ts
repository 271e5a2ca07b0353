/** What every prober is given, and what it is. */
import type { Clock } from '@vigie/core/clock';
import type { Lookup } from './probe-address.ts';
import type { ProbeLog } from './probe-log.ts';
import type { ProbeSamples } from './probe-samples.ts';

export interface ProbeContext {
  readonly samples: ProbeSamples;
  readonly log: ProbeLog;
  /** Aborted when the time is up, or nobody waits any more. */
  readonly signal: AbortSignal;
}

/** @returns whether the target is as it should be; the log says why not
 *  @throws what keeps it from being known: a connection that fails, the signal's reason */
export type Prober = (target: string, context: ProbeContext) => Promise<boolean>;

export interface ProberDeps {
  readonly clock: Clock;
  readonly lookup: Lookup;
  /** For proxies that a module takes from it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `vigie/1.2.3` */
  readonly userAgent: string;
  readonly readFile: (path: string) => Promise<Buffer>;
}

/** Seconds since then. */
export function stopwatch(clock: Pick<Clock, 'monotonicMs'>): () => number {
  const startedMs = clock.monotonicMs();
  return () => (clock.monotonicMs() - startedMs) / 1000;
}
