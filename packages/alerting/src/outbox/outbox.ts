/** What is about to be told, on the disk before it is: claim, send, record. A claim without a record is one of which nobody knows whether it
 *  arrived; after a restart its group is told at once, so that it arrives once at least. */

/** Of one integration to tell of one group. */
export interface Claim {
  /** AlertGroup.id */
  readonly groupId: string;
  /** AlertGroup.key */
  readonly group: string;
  /** `shop/webhook/0` */
  readonly integration: string;
  /** Unix ms. */
  readonly claimedAtMs: number;
  /** When the same notification was claimed first: it has not arrived since, as far as is known. */
  readonly beganAtMs: number;
}

export class Outbox {
  readonly #claims = new Map<string, Claim>();
  /** Their keys, by the ids of groups. */
  readonly #keys = new Map<string, Set<string>>();

  get size(): number {
    return this.#claims.size;
  }

  all(): IterableIterator<Claim> {
    return this.#claims.values();
  }

  /** The open claim of one integration to tell of one group. */
  find(claim: Pick<Claim, 'group' | 'integration'>): Claim | undefined {
    return this.#claims.get(keyOf(claim));
  }

  claim(claim: Claim): void {
    const key = keyOf(claim);
    // Two routes may have the same key.
    this.#delete(key);
    this.#claims.set(key, claim);
    const keys = this.#keys.get(claim.groupId) ?? new Set();
    this.#keys.set(claim.groupId, keys.add(key));
  }

  /** It has been told, and recorded as such. */
  settle(claim: Pick<Claim, 'group' | 'integration'>): void {
    this.#delete(keyOf(claim));
  }

  /** The group is no more: what it was to tell is not to be told. */
  forget(groupId: string): void {
    for (const key of this.#keys.get(groupId) ?? []) this.#claims.delete(key);
    this.#keys.delete(groupId);
  }

  /** Forgets those of which nobody is to be told any more. */
  retain(isToBeTold: (claim: Claim) => boolean): void {
    for (const claim of [...this.#claims.values()]) if (!isToBeTold(claim)) this.settle(claim);
  }

  #delete(key: string): void {
    const known = this.#claims.get(key);
    if (known === undefined) return;
    this.#claims.delete(key);
    const keys = this.#keys.get(known.groupId);
    keys?.delete(key);
    if (keys?.size === 0) this.#keys.delete(known.groupId);
  }
}

function keyOf({ group, integration }: Pick<Claim, 'group' | 'integration'>): string {
  return `${group}\n${integration}`;
}
