/** `storage`: Prometheus' section, and where, how long and how much the embedded database keeps. */
import { resolve } from 'node:path';
import { section } from '@vigie/core/config/fields';
import type { Findings, ReadContext } from '@vigie/core/config/findings';
import type { ConfigPath } from '@vigie/core/config/problem';
import { optionalText } from '@vigie/core/config/written-fields';
import type { HeadOptions } from '@vigie/tsdb/head/options';
import { MAX_SERIES } from '@vigie/tsdb/head/series-table';
import * as v from 'valibot';
import { base2Size, optionalCount, wait } from './written-fields.ts';

export interface StorageConfig {
  /** Absolute; the database's own folder. */
  readonly path: string;
  /** undefined: the database's default. */
  readonly retentionMs: number | undefined;
  readonly retentionBytes: number | undefined;
  readonly snapshotIntervalMs: number | undefined;
  /** 0: what is behind the newest sample of its series is refused. */
  readonly outOfOrderWindowMs: number;
  /** 0: none is kept. undefined: the database's default. */
  readonly maxExemplars: number | undefined;
  /** What is not there is the database's default. */
  readonly budgets: SeriesBudgets;
}

type SeriesBudgets = Partial<Pick<HeadOptions, 'maxSeries' | 'maxSeriesPerJob' | 'maxSeriesPerNamespace'>>;

const DEFAULT_PATH = '/var/lib/vigie/metrics';

const seriesSection = section({ max: optionalCount, max_per_job: optionalCount, max_per_namespace: optionalCount });
const retentionEntries = { time: wait('0s'), size: base2Size };
const tsdbSection = section({
  out_of_order_time_window: wait('0s'),
  retention: v.nullish(section({ ...retentionEntries, percentage: optionalText }), {}),
  stale_series_compaction_threshold: optionalText,
  chunk_encoding: v.nullish(section({ floats: v.nullish(v.picklist(['xor', 'xor2', ''])) })),
});

export const storageSection = section({
  path: optionalText,
  retention: v.nullish(section(retentionEntries), {}),
  series: v.nullish(seriesSection, {}),
  snapshot_interval: wait('0s'),
  tsdb: v.nullish(tsdbSection, {}),
  exemplars: v.nullish(section({ max_exemplars: optionalCount }), {}),
});

type WrittenStorage = v.InferOutput<typeof storageSection>;

/** @param defaultPath absolute */
export function readStorage(
  written: WrittenStorage,
  path: ConfigPath,
  { findings, folder }: ReadContext,
  defaultPath = DEFAULT_PATH,
): StorageConfig {
  const { retention: own, tsdb } = written;
  for (const key of ['time', 'size'] as const) {
    if (own[key] !== 0 && tsdb.retention[key] !== 0)
      findings.problemAtKey(
        [...path, 'tsdb', 'retention', key],
        `at most one of storage.retention.${key} and storage.tsdb.retention.${key}`,
      );
  }
  if (tsdb.retention.percentage !== '')
    findings.warn([...path, 'tsdb', 'retention', 'percentage'], 'not supported: retention.size bounds the database');
  if (tsdb.stale_series_compaction_threshold !== '')
    findings.warn(
      [...path, 'tsdb', 'stale_series_compaction_threshold'],
      'not needed: what has ended is compacted within minutes, however much it is',
    );
  if (tsdb.chunk_encoding != null)
    findings.warn([...path, 'tsdb', 'chunk_encoding'], 'not needed: chunks have an encoding of their own');
  return {
    path: written.path === '' ? defaultPath : resolve(folder, written.path),
    retentionMs: own.time || tsdb.retention.time || undefined,
    retentionBytes: own.size || tsdb.retention.size || undefined,
    snapshotIntervalMs: written.snapshot_interval || undefined,
    outOfOrderWindowMs: tsdb.out_of_order_time_window,
    maxExemplars: written.exemplars.max_exemplars ?? undefined,
    budgets: readBudgets(written.series, [...path, 'series'], findings),
  };
}

function readBudgets(
  { max, max_per_job: perJob, max_per_namespace: perNamespace }: WrittenStorage['series'],
  path: ConfigPath,
  findings: Findings,
): SeriesBudgets {
  if (max != null && max > MAX_SERIES) findings.problem([...path, 'max'], `at most ${MAX_SERIES}`);
  return {
    ...(max == null ? {} : { maxSeries: limitOf(max) }),
    ...(perJob == null ? {} : { maxSeriesPerJob: limitOf(perJob) }),
    ...(perNamespace == null ? {} : { maxSeriesPerNamespace: limitOf(perNamespace) }),
  };
}

/** As of Prometheus' limits: 0 is none. */
function limitOf(written: number): number {
  return written === 0 ? Number.POSITIVE_INFINITY : written;
}
