/** What a collector tells of itself below /api/v1/status, in Prometheus' JSON. */
import type { Clock } from '@vigie/core/clock';
import { formatDuration } from '@vigie/core/durations';
import type { StatusProviders } from '@vigie/promql/api/options';
import type { Head } from '@vigie/tsdb/head/head';
import { headStatus } from '@vigie/tsdb/head/status';

export interface StatusFacts {
  /** Of Vigie. */
  readonly version: string;
  readonly hostName: string;
  readonly head: Head;
  /** Places in the files of the database that could not be read at the start. */
  damages(): number;
  /** The configuration as it is in force, without its secrets; '' where there is no file. */
  configYaml(): string;
  /** Of the command, under the names that Prometheus has for them. */
  flags(): Readonly<Record<string, string>>;
  lastReload(): LastReload;
}

export interface LastReload {
  readonly succeeded: boolean;
  /** Unix ms, of the configuration in force. */
  readonly atMs: number;
}

/** The Prometheus whose language and API are spoken: Grafana asks, and leaves out what an older one lacks. */
const PROMETHEUS_VERSION = '3.15.0';

export function statusProviders(facts: StatusFacts, clock: Clock): StatusProviders {
  const { version, hostName, head } = facts;
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
    config: () => ({ yaml: facts.configYaml() }),
    flags: () => facts.flags(),
    runtimeinfo: () => ({
      startTime,
      CWD: process.cwd(),
      hostname: hostName,
      serverTime: isoTime(clock.nowMs()),
      reloadConfigSuccess: facts.lastReload().succeeded,
      lastConfigTime: isoTime(facts.lastReload().atMs),
      corruptionCount: facts.damages(),
      goroutineCount: 0,
      GOMAXPROCS: 1,
      GOMEMLIMIT: 0,
      GOGC: '',
      GODEBUG: '',
      storageRetention: formatDuration(head.options.retentionMs),
    }),
    tsdb: ({ limit }) => headStatus(head, limit),
  };
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
