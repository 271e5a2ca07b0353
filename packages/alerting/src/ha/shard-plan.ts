/** Who is to own what: each replica as much as any other, with as few changes as that takes. Pure. */

export interface ShardPlan {
  /** To be taken, the most urgent first. */
  readonly take: readonly number[];
  /** Free, and not for this replica unless nobody else takes them soon. */
  readonly spare: readonly number[];
  /** To be given to others. */
  readonly release: number | undefined;
}

/** @param owners of shards, by their number; undefined: nobody that lives
 *  @param alive all replicas, this one among them */
export function planShards(owners: readonly (string | undefined)[], alive: readonly string[], self: string): ShardPlan {
  const owned = (replica: string): number => owners.filter((owner) => owner === replica).length;
  const free = owners.flatMap((owner, shard) => (owner === undefined ? [shard] : []));
  const mine = owned(self);
  const fairShare = Math.ceil(owners.length / Math.max(1, alive.length));
  // Each begins elsewhere, so that they seldom reach for the same one.
  const place = Math.max(0, [...alive].sort().indexOf(self));
  const from = Math.floor((place * free.length) / Math.max(1, alive.length));
  const inOrder = [...free.slice(from), ...free.slice(0, from)];
  const room = Math.max(0, fairShare - mine);
  const fewest = Math.min(...alive.map(owned));
  const isOver = free.length === 0 && mine > fewest + 1 && alive.every((other) => owned(other) <= mine);
  return {
    take: inOrder.slice(0, room),
    spare: inOrder.slice(room),
    release: isOver ? owners.lastIndexOf(self) : undefined,
  };
}
