/** A file of a log's folder as one scan saw it. */
export interface FoundFile {
  readonly path: string;
  readonly live: boolean;
  readonly gzip: boolean;
  /** Path without `.gz`. */
  readonly plainPath: string;
  readonly order: string;
  readonly inode: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly changedNs: bigint;
}
