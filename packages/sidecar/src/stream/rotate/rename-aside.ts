/** Rotation by renaming: the writer goes on in the same file until it opens its log again, and nothing can be lost. */
import { errorCode } from '@vigie/core/errors';
import type { RotationFs } from './rotation-fs.ts';

/** Gives the live file its rotated name, and a new one its own.
 *  @param live its path
 *  @param create false leaves that to the writer
 *  @throws what the file system throws; after the rename only what `createLike` throws */
export function renameAside(live: string, rotated: string, create: boolean, fs: RotationFs): void {
  fs.renameSync(live, rotated);
  if (create) createLike(live, rotated, fs);
}

/** Makes an empty file with the mode and owner of another, as logrotate's `create` does, unless there is one already: the writer
 *  may have been faster. Where the owner cannot be given, none is made, since its writer could not open it.
 *  @returns whether a file is there */
export function createLike(path: string, like: string, fs: RotationFs): boolean {
  const { uid, gid, mode } = fs.statSync(like);
  let fd: number;
  try {
    fd = fs.openSync(path, 'wx', mode & 0o777);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return true;
    throw error;
  }
  try {
    const made = fs.fstatSync(fd);
    if (made.uid !== uid || made.gid !== gid) fs.fchownSync(fd, uid, gid);
    // What the umask took away.
    fs.fchmodSync(fd, mode & 0o777);
    return true;
  } catch (error) {
    if (errorCode(error) !== 'EPERM') throw error;
    fs.unlinkSync(path);
    return false;
  } finally {
    fs.closeSync(fd);
  }
}
