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
 *  @param alive all replicas, this one among them
 *  @param given shards that this replica has given away a moment ago: while they are free they are for others */
export function planShards(
  owners: readonly (string | undefined)[],
  alive: readonly string[],
  self: string,
  given: ReadonlySet<number> = new Set(),
): ShardPlan {
  const owned = (replica: string): number => owners.filter((owner) => owner === replica).length;
  const free = owners.flatMap((owner, shard) => (owner === undefined ? [shard] : []));
  const forThis = free.filter((shard) => !given.has(shard));
  const mine = owned(self);
  const fewest = Math.min(...alive.map(owned));
  const share = owners.length / Math.max(1, alive.length);
  // What is left over of even shares is first for those who have least: else those who give would take what others of them have given.
  const fairShare = mine === fewest ? Math.ceil(share) : Math.floor(share);
  // Each begins elsewhere, so that they seldom reach for the same one.
  const place = Math.max(0, [...alive].sort().indexOf(self));
  const from = Math.floor((place * forThis.length) / Math.max(1, alive.length));
  const inOrder = [...forThis.slice(from), ...forThis.slice(0, from)];
  const room = Math.max(0, fairShare - mine);
  const isOver = free.length === 0 && mine > fewest + 1 && alive.every((other) => owned(other) <= mine);
  return {
    take: inOrder.slice(0, room),
    spare: inOrder.slice(room),
    release: isOver ? owners.lastIndexOf(self) : undefined,
  };
}
