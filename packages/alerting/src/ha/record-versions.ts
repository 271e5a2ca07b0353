/** Which of several versions of a thing holds, whoever wrote it and in whatever order they come: the one with the highest number. A writer
 *  gives its own a number above all that it knows, and no lower than the time of what it tells, so that numbers go on where clocks differ. */
import type { Claim } from '../outbox/outbox.ts';
import { type StateRecord, stateRecordKey } from '../state/state-record.ts';

/** What is over for so long comes from nobody any more. */
const FORGOTTEN_AFTER_MS = 3_600_000;

export class RecordVersions {
  readonly #versions = new Map<string, number>();

  /** Of a record that is told now. */
  next(record: StateRecord, nowMs: number): number {
    const key = stateRecordKey(record);
    // What was told is newer than its claim, which was made after the time of its flush.
    const claimed = record.kind === 'told' ? (this.#versions.get(claimKey(record)) ?? 0) : 0;
    const version = Math.max(timeOf(record) ?? nowMs, (this.#versions.get(key) ?? 0) + 1, claimed + 1);
    this.#versions.set(key, version);
    return version;
  }

  /** Of a record as it is now: for who tells all that there is. */
  current(record: StateRecord): number {
    return this.#versions.get(stateRecordKey(record)) ?? timeOf(record) ?? 0;
  }

  /** @returns whether a record that has come is newer than what is known */
  take(record: StateRecord, version: number): boolean {
    const key = stateRecordKey(record);
    if ((this.#versions.get(key) ?? -1) >= version) return false;
    this.#versions.set(key, version);
    if (record.kind !== 'claim') return true;
    // It is settled by what was told since.
    return (this.#versions.get(toldKey(record.claim)) ?? 0) < version;
  }

  /** Forgets what is no more.
   *  @param records all that are */
  retain(records: Iterable<StateRecord>, nowMs: number): void {
    const kept = new Set<string>();
    for (const record of records) kept.add(stateRecordKey(record));
    for (const [key, version] of this.#versions)
      if (!kept.has(key) && version < nowMs - FORGOTTEN_AFTER_MS) this.#versions.delete(key);
  }
}

/** As stateRecordKey makes them. */
function toldKey({ group, integration }: Pick<Claim, 'group' | 'integration'>): string {
  return `told\n${group}\n${integration}`;
}

function claimKey({ group, integration }: Pick<Claim, 'group' | 'integration'>): string {
  return `claim\n${group}\n${integration}`;
}

/** @returns undefined where it has none of its own */
function timeOf(record: StateRecord): number | undefined {
  switch (record.kind) {
    case 'alert':
      return record.alert.updatedAtMs;
    case 'silence':
      return record.silence.updatedAtMs;
    case 'told':
      return record.entry.timeMs;
    case 'claim':
      return record.claim.claimedAtMs;
    case 'log_rule':
      return record.told.atMs;
    default:
      return undefined;
  }
}
