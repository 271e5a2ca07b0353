/** `sharding`: several collectors with one configuration, each of which scrapes a part of the targets. */
import type { Environment } from '@vigie/core/config/environment';
import { section } from '@vigie/core/config/fields';
import type { ReadContext } from '@vigie/core/config/findings';
import type { ConfigPath } from '@vigie/core/config/problem';
import type * as v from 'valibot';
import type { ShardConfig } from '../sharding/shard.ts';
import { optionalCount } from './written-fields.ts';

/** A collector holds 100,000 series and more: beyond it is a mistake. */
const MOST_SHARDS = 1000;

export const shardingSection = section({ shards: optionalCount, shard: optionalCount });

/** @param hasRemoteEngine queries are answered where the samples of all shards are
 *  @returns undefined where it has problems */
export function readSharding(
  written: v.InferOutput<typeof shardingSection>,
  path: ConfigPath,
  { findings }: ReadContext,
  environment: Environment,
  hasRemoteEngine: boolean,
): ShardConfig | undefined {
  if (!hasRemoteEngine)
    findings.problemAtKey(
      path,
      'engine.remote beside it: a shard has a part of the samples, and alone would answer queries and HPAs wrongly',
    );
  const { shards } = written;
  if (shards == null || shards < 1 || shards > MOST_SHARDS) {
    findings.problem([...path, 'shards'], `how many there are, from 1 to ${MOST_SHARDS}`);
    return undefined;
  }
  const shard = written.shard ?? ordinalOf(environment);
  if (shard === undefined)
    findings.problem(
      path,
      'shard, or a pod of a StatefulSet: its name in POD_NAME or HOSTNAME ends in its number, as in vigie-collector-2',
    );
  else if (shard >= shards)
    findings.problem(
      written.shard == null ? path : [...path, 'shard'],
      `a shard from 0 to ${shards - 1}${written.shard == null ? `, where the name of the pod says ${shard}` : ''}`,
    );
  return shard === undefined ? undefined : { shards, shard };
}

function ordinalOf({ POD_NAME: pod, HOSTNAME: host }: Environment): number | undefined {
  const [, ordinal] = /-(\d{1,9})$/.exec(pod || host || '') ?? [];
  return ordinal === undefined ? undefined : Number(ordinal);
}
