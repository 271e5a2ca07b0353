/** Names of the files in a database's folder. */

export const SEGMENT_MAGIC = 'VIGIEWAL';
export const SNAPSHOT_MAGIC = 'VIGIESNP';

const SEGMENT = /^(\d{12})\.wal$/;
const SNAPSHOT = /^(\d{12})\.snapshot$/;

export function segmentName(number: number): string {
  return `${String(number).padStart(12, '0')}.wal`;
}

/** @param number of the first segment whose records are not all in it */
export function snapshotName(number: number): string {
  return `${String(number).padStart(12, '0')}.snapshot`;
}

export interface DatabaseFiles {
  /** Ascending. */
  readonly segments: readonly number[];
  /** Newest first. */
  readonly snapshots: readonly number[];
  /** Snapshots that were being written. */
  readonly temporary: readonly string[];
}

export function sortFiles(names: readonly string[]): DatabaseFiles {
  const numbers = (form: RegExp): number[] =>
    names
      .flatMap((name) => form.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  return {
    segments: numbers(SEGMENT),
    snapshots: numbers(SNAPSHOT).reverse(),
    temporary: names.filter((name) => name.endsWith('.snapshot.tmp')),
  };
}
