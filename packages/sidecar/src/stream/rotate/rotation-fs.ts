/** What rotating needs of node:fs, which has this shape. */
import * as fs from 'node:fs';

export type RotationFs = Pick<
  typeof fs,
  | 'closeSync'
  | 'existsSync'
  | 'fchmodSync'
  | 'fchownSync'
  | 'fstatSync'
  | 'fsync'
  | 'ftruncateSync'
  | 'openSync'
  | 'readSync'
  | 'renameSync'
  | 'statSync'
  | 'unlinkSync'
  | 'writeSync'
>;

export const NODE_FS: RotationFs = fs;

/** @returns `dev:ino`, as a catalog names files, and the size; undefined where nothing has that name */
export function lookAt(path: string, { statSync }: RotationFs): { inode: string; sizeBytes: number } | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? undefined : { inode: `${stat.dev}:${stat.ino}`, sizeBytes: Number(stat.size) };
}
