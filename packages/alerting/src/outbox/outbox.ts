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
    this.#claims.set(keyOf(claim), claim);
  }

  /** It has been told, and recorded as such. */
  settle(claim: Pick<Claim, 'group' | 'integration'>): void {
    this.#claims.delete(keyOf(claim));
  }

  /** Forgets those whose group is no more. */
  retain(groupIds: ReadonlySet<string>): void {
    for (const [key, { groupId }] of this.#claims) if (!groupIds.has(groupId)) this.#claims.delete(key);
  }
}

function keyOf({ group, integration }: Pick<Claim, 'group' | 'integration'>): string {
  return `${group}\n${integration}`;
}
