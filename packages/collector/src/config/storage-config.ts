/** `storage`: Prometheus' section, and where and how long the embedded database keeps things. */
import { resolve } from 'node:path';
import { section } from '@vigie/core/config/fields';
import type { ConfigPath } from '@vigie/core/config/problem';
import * as v from 'valibot';
import type { ReadContext } from './findings.ts';
import { base2Size, optionalCount, optionalText, wait } from './written-fields.ts';

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
}

const DEFAULT_PATH = '/var/lib/vigie/metrics';

const retention = v.nullish(section({ time: wait('0s'), size: base2Size }), {});

export const storageSection = section({
  path: optionalText,
  retention,
  snapshot_interval: wait('0s'),
  tsdb: v.nullish(section({ out_of_order_time_window: wait('0s'), retention }), {}),
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
  return {
    path: written.path === '' ? defaultPath : resolve(folder, written.path),
    retentionMs: own.time || tsdb.retention.time || undefined,
    retentionBytes: own.size || tsdb.retention.size || undefined,
    snapshotIntervalMs: written.snapshot_interval || undefined,
    outOfOrderWindowMs: tsdb.out_of_order_time_window,
    maxExemplars: written.exemplars.max_exemplars ?? undefined,
  };
}
