/** Which of several collectors is for what: the targets and groups of rules of a configuration that all of them have, each at one. */
import { hashLabels } from '@vigie/promql/labels/hash';
import { LabelSet } from '@vigie/promql/labels/label-set';
import type { RuleGroup } from '@vigie/rules/rule';

export interface ShardConfig {
  readonly shards: number;
  /** From 0. */
  readonly shard: number;
}

const MULTIPLIER = 2862933555777941757n;
const MASK = 2n ** 64n - 1n;
const TWO_31 = 2 ** 31;

/** The shard of a hash: equally many for each, and with one shard more only what that one takes over moves.
 *  @param hash 64 bits
 *  @param shards at least 1
 *  Cost: ln(shards) multiplications of 64 bits, some µs. Source: Lamping and Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm", 2014. */
export function shardOf(hash: bigint, shards: number): number {
  let key = hash;
  let shard = 0;
  let next = 0;
  while (next < shards) {
    shard = next;
    key = (key * MULTIPLIER + 1n) & MASK;
    next = Math.floor((shard + 1) * (TWO_31 / (Number(key >> 33n) + 1)));
  }
  return shard;
}

/** Groups that this shard evaluates: all write to one engine, where a sample that comes twice is one too many. */
export function groupsOfShard(groups: readonly RuleGroup[], { shards, shard }: ShardConfig): readonly RuleGroup[] {
  return groups.filter(({ file, name }) => shardOf(hashLabels(LabelSet.of({ file, name })), shards) === shard);
}
