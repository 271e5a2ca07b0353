/** What an engine asks of those that share its work, and what they ask of it. */
import type { StateRecord } from '../state/state-record.ts';

/** Of one replica among several. */
export interface Replication {
  /** Brings the state of the others, or goes on without it where it cannot be had now. */
  join(replica: Replica): Promise<void>;
  /** From now on this replica may own a part of the work. */
  begin(): void;
  /** How much of all groups is this replica's to tell of, from above 0 to 1. */
  readonly portion: number;
  /** Whether this replica is the one to tell of a group now. Asked before every attempt. */
  ownsGroup(groupKey: string): boolean;
  /** Whether it may begin to: not where it is about to hand the group over. */
  beginsGroup(groupKey: string): boolean;
  /** Whether another replica tells of it, and is heard of. */
  isOwnedElsewhere(groupKey: string): boolean;
  /** Tells the others. Resolves when they can know it; after a second at the latest, when they will. */
  share(records: readonly StateRecord[]): Promise<void>;
}

/** The engine of this replica. */
export interface Replica {
  /** All that it knows. */
  records(): Iterable<StateRecord>;
  /** Takes what others have told, each newer than what is here. */
  take(records: readonly StateRecord[]): void;
  /** What is owned here is another part from now on. */
  ownershipChanged(): void;
  /** Resolves when what is being told of such groups has ended. */
  finish(isMeant: (groupKey: string) => boolean): Promise<void>;
  /** Alerts of which others told, and of which nothing can be heard now: until then they are not over.
   *  @param fingerprints of them */
  hold(fingerprints: Iterable<string>, untilMs: number): void;
}
