/** What `vigie up` tells of itself below /api/v1/status. */
import type { Clock } from '@vigie/core/clock';
import type { StatusProviders } from '@vigie/promql/api/options';
import type { Head } from '@vigie/tsdb/head/head';
import { headStatus } from '@vigie/tsdb/head/status';

export interface StatusFacts {
  /** Of Vigie. */
  readonly version: string;
  readonly retention: string;
  /** Places in the files that could not be read at the start. */
  readonly damages: number;
  readonly head: Head;
}

/** The Prometheus whose language and API are spoken: Grafana asks, and leaves out what an older one lacks. */
const PROMETHEUS_VERSION = '3.15.0';

export function statusProviders({ version, retention, damages, head }: StatusFacts, clock: Clock): StatusProviders {
  const startTime = isoTime(clock.nowMs());
  return {
    buildinfo: () => ({
      version: PROMETHEUS_VERSION,
      revision: `vigie ${version}`,
      branch: '',
      buildUser: '',
      buildDate: '',
      goVersion: '',
    }),
    runtimeinfo: () => ({
      startTime,
      CWD: process.cwd(),
      hostname: '',
      serverTime: isoTime(clock.nowMs()),
      reloadConfigSuccess: true,
      lastConfigTime: startTime,
      corruptionCount: damages,
      goroutineCount: 0,
      GOMAXPROCS: 1,
      GOMEMLIMIT: 0,
      GOGC: '',
      GODEBUG: '',
      storageRetention: retention,
    }),
    tsdb: ({ limit }) => headStatus(head, limit),
  };
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
