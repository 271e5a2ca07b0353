/** Names that log rotation gives to older generations of a file, and their order in time. */

export interface RotatedName {
  /** The name of the live file that this one was once. */
  readonly base: string;
  /** Name without `.gz`: X and X.gz are one generation. */
  readonly plain: string;
  readonly gzip: boolean;
  /** Sorts oldest first among the generations of one base. */
  readonly order: string;
}

// The kubelet's timestamp (container_log_manager.go, "20060102-150405"), logrotate's dateext with an
// optional time, and the numbers of logrotate, dockerd and most logging libraries.
const KUBELET = /^(.+)\.(\d{8}-\d{6})(\.gz)?$/;
const DATE_EXTENSION = /^(.+?)-(\d{8}(?:-?\d{2,10})?)(\.gz)?$/;
const NUMBER = /^(.+)\.(\d{1,6})(\.gz)?$/;

/** Largest number a rotated name may carry; turns "higher is older" into an ascending key. */
const NUMBER_LIMIT = 1_000_000;

/** @returns undefined for names that are no rotated generation (live files, `.tmp` of a gzip under way). */
export function parseRotatedName(name: string): RotatedName | undefined {
  const stamped = KUBELET.exec(name) ?? DATE_EXTENSION.exec(name);
  if (stamped !== null) {
    const [, base = '', stamp = '', gz] = stamped;
    return { base, plain: gz ? name.slice(0, -3) : name, gzip: gz !== undefined, order: `1${stamp}` };
  }
  const numbered = NUMBER.exec(name);
  if (numbered !== null) {
    const [, base = '', digits = '', gz] = numbered;
    const rank = String(NUMBER_LIMIT - Number(digits)).padStart(7, '0');
    return { base, plain: gz ? name.slice(0, -3) : name, gzip: gz !== undefined, order: `0${rank}` };
  }
  return undefined;
}
