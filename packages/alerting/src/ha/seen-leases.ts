/** The Leases of a group of replicas, as they are seen here: who is alive, and who owns which part of the work. How old a Lease is counts from
 *  when it was first seen as it is; what its own times say does not matter. */
import { VigieError } from '@vigie/core/errors';
import { annotationsOf, type LeaseObject, leaseRecord } from '@vigie/kube/lease-record';
import type { ObjectForm } from '@vigie/kube/objects';
import * as v from 'valibot';
import { REPLICA_LABEL } from './shared-object.ts';

/** Number of the part, of a Lease that says who owns it. */
export const SHARD_LABEL = 'vigie.io/shard';
export const ADDRESS_ANNOTATION = 'vigie.io/address';
/** Of a replica's Lease: of which groups of rules it knows, as digestOfGroups says it. */
export const RULES_ANNOTATION = 'vigie.io/rules';

export interface GroupLease {
  readonly name: string;
  /** Empty: of a shard. */
  readonly replica: string;
  /** Empty: nobody's. */
  readonly holder: string;
  readonly validForMs: number;
  readonly address: string;
  /** Empty: it does not say. */
  readonly rules: string;
  /** Of the object: of two that are seen, the one with the higher is the later. NaN: this server's cannot be compared. */
  readonly version: number;
  readonly lease: LeaseObject;
}

const metadataSchema = v.object({
  name: v.string(),
  resourceVersion: v.optional(v.string(), ''),
  labels: v.optional(v.record(v.string(), v.string()), {}),
});

export const groupLeaseForm: ObjectForm<GroupLease> = {
  decode: (object) => {
    const { lease, holder, leaseDurationMs } = leaseRecord(object);
    const metadata = v.safeParse(metadataSchema, lease.metadata);
    if (!metadata.success) throw new VigieError('KUBE_OBJECT_INVALID', 'a Lease without a name');
    const { name, labels, resourceVersion } = metadata.output;
    const { [ADDRESS_ANNOTATION]: address = '', [RULES_ANNOTATION]: rules = '' } = annotationsOf(lease);
    const version = /^\d+$/.test(resourceVersion) ? Number(resourceVersion) : Number.NaN;
    const replica = labels[REPLICA_LABEL] ?? '';
    return { name, replica, holder, validForMs: leaseDurationMs, address, rules, version, lease };
  },
};

interface Seen {
  readonly lease: GroupLease;
  /** Monotonic. */
  readonly sinceMs: number;
}

export class SeenLeases {
  readonly #seen = new Map<string, Seen>();

  /** Takes a Lease as it was at some time: a watch may tell what the answer to a write has told already.
   *  @returns whether it is not older than what is known */
  hear(lease: GroupLease, nowMs: number): boolean {
    if (this.#isOld(lease)) return false;
    this.see(lease, nowMs);
    return true;
  }

  /** Takes a Lease as it is now. */
  see(lease: GroupLease, nowMs: number): void {
    const before = this.#seen.get(lease.name);
    const isSame = before !== undefined && isSameRecord(before.lease, lease);
    this.#seen.set(lease.name, { lease, sinceMs: isSame ? before.sinceMs : nowMs });
  }

  forget(name: string): void {
    this.#seen.delete(name);
  }

  /** @param lease that was removed, in its last state */
  hearRemoved(lease: GroupLease): void {
    if (!this.#isOld(lease)) this.#seen.delete(lease.name);
  }

  /** Forgets those that are not there. */
  retain(names: ReadonlyMap<string, unknown>): void {
    for (const name of this.#seen.keys()) if (!names.has(name)) this.#seen.delete(name);
  }

  get(name: string): GroupLease | undefined {
    return this.#seen.get(name)?.lease;
  }

  /** Of replicas, the living and the dead. */
  replicas(): readonly { readonly lease: GroupLease; readonly untilMs: number }[] {
    return [...this.#seen.values()]
      .filter(({ lease }) => lease.replica !== '')
      .map(({ lease, sinceMs }) => ({ lease, untilMs: lease.holder === '' ? sinceMs : sinceMs + lease.validForMs }));
  }

  #isOld({ name, version }: GroupLease): boolean {
    const known = this.#seen.get(name)?.lease.version;
    return known !== undefined && version < known;
  }
}

/** The times in it differ with each renewal. */
export function isSameRecord(a: GroupLease, b: GroupLease): boolean {
  return JSON.stringify(a.lease.spec) === JSON.stringify(b.lease.spec);
}
